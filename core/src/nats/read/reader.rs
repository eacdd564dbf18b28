use crate::key::{check_key, check_prefix};
use crate::kv::{BatchLimit, KvEntry, KvError, KvReader, UpdateKind, VersionToken, WatchSource};
use crate::nats::jetstream::api::{MessageRequest, MultiRequest, Stored};
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::filter::parent;
use crate::nats::jetstream::message::Said;
use crate::nats::store::NatsStore;
use crate::nats::transport::response::{NO_RESPONDERS, NOT_FOUND, Response};
use crate::nats::watch::stream::NatsWatch;
use async_nats::Subject;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hashbrown::HashMap;
use std::cmp::Reverse;
use std::sync::atomic::Ordering;

/// The last message of a key.
#[derive(Clone)]
pub(in crate::nats) struct Last {
    pub(in crate::nats) kind: UpdateKind,
    pub(in crate::nats) version: u64,
    pub(in crate::nats) value: Bytes,
}

/// What is read of many keys at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Entries,
    Keys,
}

/// The server answers for 1,024 keys in one request, and takes a request of a megabyte.
const KEYS_AT_ONCE: usize = 768;
const CHUNKS_AT_ONCE: usize = 4;
/// Keys asked for one by one, where that is how they are read.
const KEYS_IN_FLIGHT: usize = 64;

impl NatsStore {
    /// The last message of a key, from whoever may be asked for it (R5).
    async fn last(&self, key: &str) -> Result<Option<Last>, KvError> {
        check_key(key)?;
        let bucket = &self.bucket;
        bucket.link.check_open()?;
        if !bucket.direct {
            return Box::pin(self.last_by_leader(key)).await;
        }
        if !bucket.link.has_lane() {
            Box::pin(bucket.link.lane_opened()).await;
        }
        let reading = bucket.shared_reads.enter();
        if let Some(last) = reading.shared(bucket, key).await {
            return Ok(last);
        }
        let Bucket { stream, subjects, .. } = &**bucket;
        let subject = Subject::from(["$JS.API.DIRECT.GET.", stream, ".", subjects, key].concat());
        loop {
            let Some(response) = bucket.link.ask_lane(subject.clone(), &[]).await? else {
                return Box::pin(self.last_by_leader(key)).await;
            };
            match response.status() {
                None => return last_of(&response.said(), &response).map(Some),
                Some(NOT_FOUND) => return Ok(None),
                Some(NO_RESPONDERS) => Box::pin(bucket.wait_for_server()).await?,
                Some(status) => return Err(refused(status, &response)),
            }
        }
    }

    /// The last message of a key, as the leader has it.
    pub(in crate::nats) async fn last_by_leader(&self, key: &str) -> Result<Option<Last>, KvError> {
        check_key(key)?;
        let bucket = &self.bucket;
        bucket.link.check_open()?;
        let subject = bucket.subject(key);
        let request = MessageRequest { last_by_subj: Some(&subject), ..MessageRequest::default() };
        Ok(bucket.stored(&request).await??.map(|message| Last::of(&message)))
    }

    /// Reads many keys in few requests, each as of one moment.
    async fn get_in_chunks(&self, keys: &[&str]) -> Result<Vec<Option<KvEntry>>, KvError> {
        let mut places = HashMap::with_capacity(keys.len());
        let mut asked: Vec<&str> = Vec::with_capacity(keys.len());
        for &key in keys {
            places.entry(key).or_insert_with(|| {
                asked.push(key);
                asked.len() - 1
            });
        }
        let chunks: Vec<_> = asked.chunks(KEYS_AT_ONCE).map(|keys| self.get_chunk(keys)).collect();
        let answers = stream::iter(chunks).buffer_unordered(CHUNKS_AT_ONCE);
        let answers: Vec<_> = answers.try_collect().await?;
        let mut found: Vec<Option<KvEntry>> = vec![None; asked.len()];
        for entry in answers.into_iter().flatten().filter(|entry| !entry.value.is_empty()) {
            if let Some(&place) = places.get(entry.key.as_str()) {
                found[place] = Some(entry);
            }
        }
        if asked.len() == keys.len() {
            return Ok(found);
        }
        Ok(keys.iter().map(|key| places.get(key).and_then(|&place| found[place].clone())).collect())
    }

    async fn get_chunk(&self, keys: &[&str]) -> Result<Vec<KvEntry>, KvError> {
        let subjects: Vec<String> = keys.iter().map(|key| self.bucket.subject(key)).collect();
        let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
        if let Some(found) = self.read_multi(&subjects, "").await? {
            return Ok(found);
        }
        Ok(self.get_each(keys).await?.into_iter().flatten().collect())
    }

    async fn get_each(&self, keys: &[&str]) -> Result<Vec<Option<KvEntry>>, KvError> {
        let gets: Vec<_> = keys.iter().map(|key| self.get(key)).collect();
        stream::iter(gets).buffered(KEYS_IN_FLIGHT).try_collect().await
    }

    fn entry_of_last(&self, key: &str, last: Last) -> KvEntry {
        let Last { kind, version, value } = last;
        if kind != UpdateKind::Purge {
            self.bucket.unpurged_versions.add(version);
        }
        let value = if kind == UpdateKind::Put { value.to_vec() } else { Vec::new() };
        KvEntry { key: key.to_owned(), value, version: VersionToken::from_u64(version) }
    }

    /// Every live entry with this prefix, sorted (R4).
    async fn list(&self, prefix: &str, wanted: Wanted) -> Result<Vec<KvEntry>, KvError> {
        check_prefix(prefix)?;
        self.bucket.link.check_open()?;
        self.bucket.link.lane_opened().await;
        let mut found = match self.read_few(prefix).await? {
            Some(found) => found,
            None => self.read_all(prefix, wanted).await?,
        };
        let in_order = found.is_sorted_by(|a, b| a.key < b.key);
        if !in_order {
            // Of several messages of a key the last one counts.
            let place = |entry: &KvEntry| Reverse(entry.version.as_u64());
            found.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| place(a).cmp(&place(b))));
            found.dedup_by(|later, first| later.key == first.key);
        }
        // It may say that the key is gone.
        found.retain(|entry| !entry.value.is_empty());
        Ok(found)
    }

    /// Reads in one request, if there are few enough keys. What is gone has an empty value.
    async fn read_few(&self, prefix: &str) -> Result<Option<Vec<KvEntry>>, KvError> {
        let parent = parent(prefix);
        let Bucket { multi_get, broad_prefixes, link, .. } = &*self.bucket;
        if !multi_get || broad_prefixes.has(parent) || !link.has_lane() {
            return Ok(None);
        }
        let filter = [&self.bucket.subjects, parent, ">"].concat();
        let found = self.read_multi(&[&filter], prefix).await?;
        if found.is_none() {
            self.bucket.broad_prefixes.add(parent);
        }
        Ok(found)
    }

    /// Reads the last messages of subjects in one request; nothing if that is too much for one.
    async fn read_multi(
        &self,
        subjects: &[&str],
        prefix: &str,
    ) -> Result<Option<Vec<KvEntry>>, KvError> {
        let take = |found: &mut Vec<KvEntry>, response: &Response| {
            found.extend(self.entry_of(prefix, response)?);
            Ok(())
        };
        let request = MultiRequest { multi_last: subjects }.encode()?;
        self.bucket.last_of_each(request, Vec::new(), take).await
    }

    fn entry_of(&self, prefix: &str, response: &Response) -> Result<Option<KvEntry>, KvError> {
        let said = response.said();
        let Some(key) = said.subject()?.and_then(|subject| self.bucket.key(subject)) else {
            return Ok(None);
        };
        if !key.starts_with(prefix) {
            return Ok(None);
        }
        Ok(Some(self.entry_of_last(key, last_of(&said, response)?)))
    }

    /// Reads as a watch does until its first state is complete, which is exact whoever writes
    /// meanwhile (defect D2). What is gone has an empty value.
    async fn read_all(&self, prefix: &str, wanted: Wanted) -> Result<Vec<KvEntry>, KvError> {
        let pull_only = &self.bucket.pull_only;
        if !pull_only.load(Ordering::Relaxed) {
            match self.read_state(prefix, wanted, true).await {
                // This user may not tell a consumer that pushes to go on.
                Err(KvError::PermissionDenied(_)) => pull_only.store(true, Ordering::Relaxed),
                read => return read,
            }
        }
        self.read_state(prefix, wanted, false).await
    }

    async fn read_state(
        &self,
        prefix: &str,
        wanted: Wanted,
        pushed: bool,
    ) -> Result<Vec<KvEntry>, KvError> {
        let keys_only = wanted == Wanted::Keys && self.bucket.large_values;
        let mut watch = NatsWatch::state(self.bucket.clone(), prefix, keys_only, pushed)?;
        let mut found = Vec::new();
        while let Some(batch) = watch.next_batch(BatchLimit::default()).await? {
            found.extend(batch.iter().map(|update| KvEntry {
                key: update.key.to_owned(),
                value: match update.kind {
                    // The value was left out, and is not asked for.
                    UpdateKind::Put if keys_only => vec![0],
                    _ => update.value.to_vec(),
                },
                version: update.version.clone(),
            }));
            if batch.is_synced() {
                break;
            }
        }
        watch.close().await;
        if found.len() < KEYS_AT_ONCE {
            self.bucket.broad_prefixes.remove(parent(prefix));
        }
        Ok(found)
    }
}

#[async_trait]
impl KvReader for NatsStore {
    async fn get(&self, key: &str) -> Result<Option<KvEntry>, KvError> {
        let last = self.last(key).await?.filter(|last| last.kind == UpdateKind::Put);
        Ok(last.map(|last| self.entry_of_last(key, last)))
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<KvEntry>>, KvError> {
        keys.iter().try_for_each(|key| check_key(key))?;
        self.bucket.link.check_open()?;
        self.bucket.link.lane_opened().await;
        if self.bucket.multi_get && self.bucket.link.has_lane() {
            self.get_in_chunks(keys).await
        } else {
            self.get_each(keys).await
        }
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KvError> {
        let entries = self.list(prefix, Wanted::Keys).await?;
        Ok(entries.into_iter().map(|entry| entry.key).collect())
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<KvEntry>, KvError> {
        self.list(prefix, Wanted::Entries).await
    }

    async fn entry(&self, key: &str) -> Result<Option<KvEntry>, KvError> {
        let last = self.last(key).await?.filter(|last| last.kind != UpdateKind::Purge);
        Ok(last.map(|last| self.entry_of_last(key, last)))
    }
}

impl Last {
    fn of(stored: &Stored) -> Self {
        let kind = Said::by_text(&stored.hdrs).kind(&stored.data);
        Self { kind, version: stored.seq, value: stored.data.clone() }
    }
}

/// The last message of a key, by what its headers say.
pub(in crate::nats) fn last_of(said: &Said<'_>, response: &Response) -> Result<Last, KvError> {
    let kind = said.kind(response.payload());
    Ok(Last { kind, version: said.version()?, value: response.value() })
}

fn refused(status: u16, response: &Response) -> KvError {
    let text = response.description();
    KvError::OperationFailed(format!("the server refused a read: {status} {text}"))
}
