//! Damaged files: each is refused, and none ends the process.

use super::verify;
use crate::embedded::file::tables::checksum;
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set in the child process that is given damaged files: the folder with the store and the list.
const CHILD: &str = "SLIPSTREAM_DAMAGE";

/// A small generator, so that a failing run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) % limit as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![self.below(256) as u8; length];
        bytes.iter_mut().step_by(31).for_each(|byte| *byte = self.below(256) as u8);
        bytes
    }
}

/// An LMDB environment with the tables that the tests fill.
struct Store {
    env: Env,
    tables: Vec<Database<'static, Bytes, Bytes>>,
}

impl Store {
    fn open(path: &Path) -> Self {
        let env = open_env(path);
        let txn = env.write_txn().unwrap();
        let opened = env.create_databases_and_commit(txn, |opener, txn| {
            let tables = [
                opener.create_database(txn, Some("entries"))?,
                opener.create_database(txn, Some("expiry"))?,
                opener.create_database(txn, Some("log"))?,
            ];
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(tables))
        });
        let tables = opened.unwrap().unwrap_commit().to_vec();
        Self { env, tables }
    }

    /// One transaction of puts and deletes, with keys and values short and long.
    fn change(&self, random: &mut Random, operations: usize) {
        let mut txn = self.env.write_txn().unwrap();
        for _ in 0..operations {
            let table = self.tables[random.below(self.tables.len())];
            let number = random.below(400);
            let key = format!("key.{number:0width$}", width = [1, 20, 900][random.below(3)]);
            match random.below(200) {
                0 => table.clear(&mut txn).unwrap(),
                1..=80 => {
                    table.delete(&mut txn, key.as_bytes()).unwrap();
                }
                _ => {
                    let shortest = [4, 30, 350, 1500, 10_000][random.below(5)];
                    let length = shortest + random.below(2 * shortest);
                    let value = random.bytes(length);
                    let value = [checksum(key.as_bytes(), &value).as_slice(), &value].concat();
                    table.put(&mut txn, key.as_bytes(), &value).unwrap();
                }
            }
        }
        txn.commit().unwrap();
    }

    /// A checksum of every byte.
    fn sum(&self) -> u32 {
        let txn = self.env.read_txn().unwrap();
        let mut sum = crc32fast::Hasher::new();
        for table in &self.tables {
            for row in table.iter(&txn).unwrap() {
                let (key, value) = row.unwrap();
                assert_eq!(table.get(&txn, key).unwrap(), Some(value));
                sum.update(key);
                sum.update(value);
            }
        }
        sum.finalize()
    }

    fn close(self) {
        self.env.prepare_for_closing().wait();
    }
}

#[allow(unsafe_code)]
fn open_env(path: &Path) -> Env {
    let mut options = EnvOpenOptions::new();
    options.map_size(1 << 30).max_dbs(8).max_readers(64);
    // SAFETY: each test has the file to itself; durability is not what it asks about.
    unsafe {
        options.flags(EnvFlags::NO_SUB_DIR | EnvFlags::NO_SYNC);
        options.open(path).unwrap()
    }
}

fn build(path: &Path, seed: u64, transactions: usize) {
    let store = Store::open(path);
    let mut random = Random(seed);
    for _ in 0..transactions {
        store.change(&mut random, 12);
    }
    store.close();
}

fn refusal(path: &Path) -> String {
    let refusal = verify(path, false).expect_err("the file is refused");
    assert_eq!(refusal.code(), "ConnectionFailed");
    refusal.to_string()
}

#[test]
fn no_sound_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..6 {
        let path = folder.path().join(format!("{seed}.db"));
        let mut random = Random(seed);
        let mut store = Store::open(&path);
        verify(&path, false).unwrap();
        for step in 0..120 {
            // A reader keeps old pages from being used again, so the lists of free pages grow.
            let reader = (random.below(3) == 0).then(|| store.env.read_txn().unwrap());
            let operations = 1 + random.below(if step % 20 == 0 { 400 } else { 25 });
            store.change(&mut random, operations);
            verify(&path, false).unwrap();
            drop(reader);
            if step % 40 == 39 {
                store.close();
                verify(&path, false).unwrap();
                verify(&path, true).unwrap();
                store = Store::open(&path);
            }
        }
        store.close();
    }
}

#[test]
fn nothing_yet_is_a_new_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    verify(&path, false).unwrap();
    fs::write(&path, b"").unwrap();
    verify(&path, false).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn a_file_of_another_format_is_named_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut sqlite = b"SQLite format 3\0".to_vec();
    sqlite.resize(8192, 7);
    for foreign in [b"x".to_vec(), b"hello, world\n".repeat(900), vec![0; 8192], sqlite] {
        for in_use in [false, true] {
            fs::write(&path, &foreign).unwrap();
            let refusal = verify(&path, in_use).unwrap_err().to_string();
            assert!(refusal.contains("is not a slipstream store"), "{refusal}");
            assert!(refusal.contains(&path.display().to_string()), "{refusal}");
        }
    }
    let env = open_env(&folder.path().join("other.db"));
    let txn = env.write_txn().unwrap();
    let main: Database<'_, Bytes, Bytes> = env
        .create_databases_and_commit(txn, |opener, txn| {
            opener.create_database(txn, None).map(CommitOrAbort::<_, ()>::Commit)
        })
        .unwrap()
        .unwrap_commit();
    let mut txn = env.write_txn().unwrap();
    main.put(&mut txn, b"key", b"a record of another program").unwrap();
    txn.commit().unwrap();
    let refusal = refusal(&folder.path().join("other.db"));
    assert!(refusal.contains("is not a slipstream store"), "{refusal}");
}

#[test]
fn a_lost_tail_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    build(&path, 3, 8);
    let bytes = fs::read(&path).unwrap();
    for length in [100, 4096, 5000, 8192, bytes.len() / 2] {
        fs::write(&path, &bytes[..length]).unwrap();
        let refusal = refusal(&path);
        assert!(refusal.contains("is damaged: "), "{length}: {refusal}");
        assert!(refusal.contains("restore it from a backup"), "{refusal}");
        assert_eq!(fs::read(&path).unwrap(), bytes[..length]);
    }
}

#[test]
fn an_older_header_is_not_taken_for_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    build(&path, 4, 9);
    let bytes = fs::read(&path).unwrap();
    let page = 4096;
    for at in [144, page + 144] {
        let mut damaged = bytes.clone();
        damaged[at + 4] ^= 1;
        fs::write(&path, &damaged).unwrap();
        assert!(refusal(&path).contains("its headers are of transactions"));
    }
}

/// Thousands of damaged stores: each is refused, or LMDB reads what was written and writes to it
/// with no crash. LMDB runs in a child process, which a crash can end without ending the test.
#[test]
fn damage_is_refused_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base.db");
    let (mut refused, mut harmless) = (0, 0);
    for seed in 0..2 {
        build(&base, 100 + seed, 4);
        let length = fs::metadata(&base).unwrap().len() as usize;
        let damages = damages(&fs::read(&base).unwrap(), &mut Random(seed));
        assert!(damages.len() > 2_000);
        fs::write(folder.path().join("damages"), damages.join("\n")).unwrap();
        let report = run_child(folder.path(), length);
        refused += report.lines().filter(|line| line.ends_with("refused")).count();
        harmless += report.lines().filter(|line| line.ends_with("harmless")).count();
        assert_eq!(report.lines().count(), damages.len(), "{:?}", report.lines().last());
        fs::remove_file(&base).unwrap();
    }
    assert!(refused > 2_000, "only {refused} files were refused, {harmless} were not");
    assert!(harmless > 100, "only {harmless} files were harmless, {refused} were refused");
}

/// Damages as lines: what is done to which byte.
fn damages(base: &[u8], random: &mut Random) -> Vec<String> {
    let page = 4096;
    let mut damages = Vec::new();
    let headers =
        (0..152).chain(page..page + 152).chain((2..base.len() / page).flat_map(|number| {
            let start = number * page;
            start + 8..start + 24
        }));
    for at in headers {
        damages.push(format!("flip {at} {}", random.below(8)));
    }
    for at in (40..152).chain(page + 40..page + 152) {
        damages.extend((0..8).map(|bit| format!("flip {at} {bit}")));
    }
    // One bit makes the newest header look two transactions old. LMDB leaves such a header behind
    // when the disk fails in the middle of a commit, so it has to be taken for what it says.
    let newest = if base[144] > base[page + 144] { 144 } else { page + 144 };
    damages.retain(|damage| *damage != format!("flip {newest} 1"));
    for _ in 0..1_500 {
        damages.push(format!("flip {} {}", random.below(base.len()), random.below(8)));
    }
    for _ in 0..150 {
        damages.push(format!("cut {}", random.below(base.len())));
        damages.push(format!("zero {} {}", random.below(base.len()), 1 + random.below(5000)));
        damages.push(format!("noise {} {}", random.below(base.len()), 1 + random.below(64)));
        let (from, to) = (random.below(base.len() / page), random.below(base.len() / page));
        damages.push(format!("copy {} {}", from * page, to * page));
    }
    damages
}

fn damaged(base: &[u8], damage: &str) -> Vec<u8> {
    let mut bytes = base.to_vec();
    let mut words = damage.split(' ');
    let kind = words.next().unwrap();
    let numbers: Vec<usize> = words.map(|word| word.parse().unwrap()).collect();
    match (kind, numbers.as_slice()) {
        ("flip", &[at, bit]) => bytes[at] ^= 1 << bit,
        ("cut", &[length]) => bytes.truncate(length),
        ("zero", &[at, length]) => bytes[at..].iter_mut().take(length).for_each(|byte| *byte = 0),
        ("noise", &[at, length]) => {
            let noise = Random(at as u64).bytes(length);
            bytes[at..].iter_mut().zip(noise).for_each(|(byte, noise)| *byte = noise);
        }
        ("copy", &[from, to]) => bytes.copy_within(from..from + 4096, to),
        _ => panic!("{damage:?} is no damage"),
    }
    bytes
}

/// Gives the list of damages to a child process and returns its report, a line for each.
fn run_child(folder: &Path, length: usize) -> String {
    let path = module_path!();
    let this = path.split_once("::").map_or(path, |(_, path)| path);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{this}::a_store_is_read_and_written"), "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let report = fs::read_to_string(folder.join("report")).unwrap();
    assert!(
        status.success(),
        "the child ended with {status} over a store of {length} bytes after {:?}",
        report.lines().last()
    );
    report
}

/// On its own a test of the reader; in the child process, the reader of all damaged stores.
#[test]
fn a_store_is_read_and_written() {
    let Some(folder) = std::env::var_os(CHILD) else {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        build(&path, 1, 5);
        assert!(use_store(&path) > 0);
        return;
    };
    let folder = Path::new(&folder);
    let base = fs::read(folder.join("base.db")).unwrap();
    let intact = folder.join("intact.db");
    fs::write(&intact, &base).unwrap();
    let sum = use_store(&intact);
    let mut report = File::create(folder.join("report")).unwrap();
    for damage in fs::read_to_string(folder.join("damages")).unwrap().lines() {
        let path = folder.join("damaged.db");
        let bytes = damaged(&base, damage);
        fs::write(&path, &bytes).unwrap();
        // Written before LMDB is let at the file, so that a crash leaves its cause behind.
        write!(report, "{damage} ").unwrap();
        let outcome = match verify(&path, false) {
            Ok(()) => {
                assert_eq!(use_store(&path), sum, "{damage} changed what is read");
                "harmless"
            }
            Err(_) => {
                assert!(fs::read(&path).unwrap() == bytes, "{damage} changed the file");
                "refused"
            }
        };
        writeln!(report, "{outcome}").unwrap();
    }
}

/// A file system whose files may be of any length: a hole takes no room.
#[cfg(target_os = "linux")]
#[test]
fn x6_memory_is_not_taken_on_the_length_of_a_file_s_word() {
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let path = folder.path().join("state.db");
    let store = Store::open(&path);
    store.change(&mut Random(6), 100);
    let sum = store.sum();
    store.close();
    let length = fs::metadata(&path).unwrap().len();
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(1 << 62).unwrap();
    verify(&path, false).unwrap();
    file.set_len(length).unwrap();
    assert_eq!(use_store(&path), sum);
}

/// Reads all of a store, changes it a few times and reads it again.
fn use_store(path: &Path) -> u32 {
    let store = Store::open(path);
    let sum = store.sum();
    let mut random = Random(u64::from(sum));
    for _ in 0..3 {
        store.change(&mut random, 10);
    }
    store.sum();
    store.close();
    verify(path, false).unwrap();
    sum
}
