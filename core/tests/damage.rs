//! Damaged files through the front door: connecting refuses them, or everything acknowledged is
//! read as it was. The process never ends by it, so the reading is done by a child process.

use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Failure, Store, connect};
use slipstream::kv::{BatchLimit, WatchCursor};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set in the child process: the folder with the store and the list of damages.
const CHILD: &str = "SLIPSTREAM_DAMAGE";
const KEYS: usize = 400;
const DAMAGES: u64 = 500;
const CHILD_SECONDS: u64 = 120;

type Values = BTreeMap<String, Vec<u8>>;

/// What the store holds, in keys and values short and long.
fn values() -> Values {
    let value = |number: usize| vec![number as u8; [1, 50, 300, 9000][number % 4]];
    (0..KEYS).map(|number| (format!("key.{number:05}"), value(number))).collect()
}

async fn open(path: &Path) -> Result<(slipstream::handle::Session, Store), Failure> {
    let url = format!("file:{}", path.display());
    let session = connect(&url, ConnectOptions::default()).await?;
    let config = StoreConfig { name: "state".into(), ..StoreConfig::default() };
    let store = session.store(config).await?;
    Ok((session, store))
}

async fn build(path: &Path) {
    let (session, store) = open(path).await.unwrap();
    let values = values();
    let writes = values.iter().map(|(key, value)| {
        let (key, value, store) = (key.clone(), value.clone(), &store);
        async move {
            store.put(&key, b"an earlier value", None).await.unwrap();
            store.put(&format!("gone.{key}"), &value, None).await.unwrap();
            store.delete(&format!("gone.{key}")).await.unwrap();
            store.put(&key, &value, None).await.unwrap();
        }
    });
    for write in writes {
        write.await;
    }
    session.close().await.unwrap();
}

/// Reads everything in every way there is, then writes and reads again.
async fn use_store(path: &Path) -> Result<(), Failure> {
    let (session, store) = open(path).await?;
    let values = values();
    for (key, value) in &values {
        assert_eq!(store.get(key).await?.map(|entry| entry.value).as_ref(), Some(value), "{key}");
    }
    let scanned: Values =
        store.scan("").await?.into_iter().map(|entry| (entry.key, entry.value)).collect();
    assert_eq!(scanned, values);
    let watch = store.watch(&[""], &WatchCursor::none())?;
    let mut told = 0;
    while told < 2 * KEYS {
        told +=
            watch.next_batch(BatchLimit::default()).await?.map_or(2 * KEYS, |batch| batch.len());
    }
    assert_eq!(told, 2 * KEYS, "a watch tells every key and every removal once");
    watch.close().await?;
    for key in values.keys().step_by(50) {
        store.put(key, &[7; 5000], None).await?;
        store.purge(&format!("gone.{key}")).await?;
    }
    assert_eq!(store.keys("key.").await?.len(), KEYS);
    session.close().await
}

/// A damage is one number: the seed of what it does to the bytes.
fn damaged(intact: &[u8], damage: u64) -> Vec<u8> {
    let mut bytes = intact.to_vec();
    let chance = |step: u64, limit: usize| {
        let mixed = (damage * 8 + step + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32) as usize % limit
    };
    let at = chance(0, bytes.len());
    match damage % 10 {
        0 => bytes.truncate(at),
        1 => bytes[at..].iter_mut().take(chance(1, 9000)).for_each(|byte| *byte = 0),
        2 => {
            let from = chance(1, intact.len() / 4096) * 4096;
            bytes.copy_within(from..from + 4096, at / 4096 * 4096);
        }
        _ => bytes[at] ^= 1 << chance(1, 8),
    }
    bytes
}

#[tokio::test]
async fn damaged_files_are_refused_or_read_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    build(&folder.path().join("intact.db")).await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_store_is_used", "--nocapture"])
        .env(CHILD, folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(CHILD_SECONDS);
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            None => {
                child.kill().unwrap();
                break child.wait().unwrap();
            }
        }
    };
    let report = fs::read_to_string(folder.path().join("report")).unwrap();
    assert!(status.success(), "the child ended with {status} after damage {report}");
    let (refused, intact) = report.split_once(' ').unwrap();
    let (refused, intact): (u64, u64) = (refused.parse().unwrap(), intact.parse().unwrap());
    assert_eq!(refused + intact, DAMAGES);
    assert!(refused > DAMAGES / 2 && intact > 0, "{refused} refused, {intact} intact");
}

/// On its own a test of an intact store; in the child process, of all damaged ones.
#[tokio::test]
async fn a_store_is_used() {
    let Some(folder) = std::env::var_os(CHILD) else {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("intact.db");
        build(&path).await;
        use_store(&path).await.unwrap();
        return;
    };
    let folder = Path::new(&folder);
    let intact = fs::read(folder.join("intact.db")).unwrap();
    let mut refused = 0;
    for damage in 0..DAMAGES {
        // Written first, so that a crash leaves its cause behind.
        fs::write(folder.join("report"), damage.to_string()).unwrap();
        let path = folder.join(format!("{damage}.db"));
        let bytes = damaged(&intact, damage);
        fs::write(&path, &bytes).unwrap();
        if let Err(failure) = use_store(&path).await {
            assert_eq!(failure.error.code(), "ConnectionFailed", "damage {damage}: {failure:?}");
            assert!(fs::read(&path).unwrap() == bytes, "damage {damage}: the file was changed");
            refused += 1;
        }
        fs::remove_file(&path).unwrap();
    }
    fs::write(folder.join("report"), format!("{refused} {}", DAMAGES - refused)).unwrap();
}
