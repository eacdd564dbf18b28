//! The reads of a store: of one key, of several, and of all with a prefix.

use super::last::Last;
use crate::kv::{
    BatchLimit, KvError, KvRecord, ReadStore, UpdateBatch, UpdateKind, UpdateRef, WatchSource,
};
use crate::nats::jetstream::api::{MessageRequest, MultiRequest};
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::filter::parent;
use crate::nats::jetstream::message::Said;
use crate::nats::store::{NatsStore, OpenStore};
use crate::nats::transport::response::{NO_RESPONDERS, NOT_FOUND, Response};
use crate::nats::watch::source::NatsWatch;
use async_nats::Subject;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hashbrown::HashMap;
use std::cmp::Reverse;

/// Which part of many entries is read.
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

impl ReadStore for NatsStore {
    async fn get(&self, key: &str) -> Result<Option<KvRecord>, KvError> {
        let store = self.opened()?;
        let last = store.last(key).await?.filter(|last| last.kind == UpdateKind::Put);
        Ok(last.map(|last| store.record_of(key, last)))
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<KvRecord>>, KvError> {
        let store = self.opened()?;
        store.bucket.router().lane_opened().await;
        if store.bucket.known.reads_many() && store.bucket.router().has_lane() {
            store.get_in_chunks(keys).await
        } else {
            store.get_each(keys).await
        }
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KvError> {
        let entries = self.opened()?.list(prefix, Wanted::Keys).await?;
        Ok(entries.into_iter().map(|entry| entry.key).collect())
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<KvRecord>, KvError> {
        self.opened()?.list(prefix, Wanted::Entries).await
    }

    async fn entry(&self, key: &str) -> Result<Option<KvRecord>, KvError> {
        let store = self.opened()?;
        let last = store.last(key).await?.filter(|last| !matches!(last.kind, UpdateKind::Purge(_)));
        Ok(last.map(|last| store.record_of(key, last)))
    }
}

impl OpenStore<'_> {
    /// The last message of a key, from whoever may be asked for it (R5).
    async fn last(&self, key: &str) -> Result<Option<Last>, KvError> {
        let Self { bucket, shared_reads } = *self;
        if !bucket.known.reads_direct() {
            return Box::pin(self.last_by_leader(key)).await;
        }
        if !bucket.router().has_lane() {
            Box::pin(bucket.router().lane_opened()).await;
        }
        let reading = shared_reads.enter();
        if let Some(last) = reading.shared(bucket, key).await {
            return Ok(last);
        }
        let Bucket { stream, subjects, .. } = &**bucket;
        let subject = Subject::from(["$JS.API.DIRECT.GET.", stream, ".", subjects, key].concat());
        loop {
            let Some(response) = bucket.router().ask_lane(subject.clone(), &[]).await? else {
                return Box::pin(self.last_by_leader(key)).await;
            };
            match response.status() {
                None => return Last::of(&bucket.known, &Said::by(&response), &response).map(Some),
                Some(NOT_FOUND) => return Ok(None),
                Some(NO_RESPONDERS) => Box::pin(bucket.wait_for_server()).await?,
                Some(status) => return Err(refused(status, &response)),
            }
        }
    }

    /// The last message of a key, as the leader has it.
    pub(in crate::nats) async fn last_by_leader(&self, key: &str) -> Result<Option<Last>, KvError> {
        let bucket = self.bucket;
        let subject = bucket.subject(key);
        let request = MessageRequest { last_by_subj: Some(&subject), ..MessageRequest::default() };
        let stored = bucket.stored(&request).await??;
        Ok(stored.map(|stored| Last::of_stored(&bucket.known, &stored)))
    }

    /// Reads many keys in few requests, each as of one moment.
    async fn get_in_chunks(self, keys: &[&str]) -> Result<Vec<Option<KvRecord>>, KvError> {
        let mut indexes = HashMap::with_capacity(keys.len());
        let mut asked: Vec<&str> = Vec::with_capacity(keys.len());
        for &key in keys {
            indexes.entry(key).or_insert_with(|| {
                asked.push(key);
                asked.len() - 1
            });
        }
        let chunks: Vec<_> = asked.chunks(KEYS_AT_ONCE).map(|keys| self.get_chunk(keys)).collect();
        let answers = stream::iter(chunks).buffer_unordered(CHUNKS_AT_ONCE);
        let answers: Vec<_> = answers.try_collect().await?;
        let mut found: Vec<Option<KvRecord>> = vec![None; asked.len()];
        for entry in answers.into_iter().flatten().filter(|entry| !entry.deleted) {
            if let Some(&index) = indexes.get(entry.key.as_str()) {
                found[index] = Some(entry);
            }
        }
        if asked.len() == keys.len() {
            return Ok(found);
        }
        Ok(keys
            .iter()
            .map(|key| indexes.get(key).and_then(|&index| found[index].clone()))
            .collect())
    }

    async fn get_chunk(self, keys: &[&str]) -> Result<Vec<KvRecord>, KvError> {
        let subjects: Vec<String> = keys.iter().map(|key| self.bucket.subject(key)).collect();
        let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
        if let Some(found) = self.read_multi(&subjects, "").await? {
            return Ok(found);
        }
        Ok(self.get_each(keys).await?.into_iter().flatten().collect())
    }

    async fn get(&self, key: &str) -> Result<Option<KvRecord>, KvError> {
        let last = self.last(key).await?.filter(|last| last.kind == UpdateKind::Put);
        Ok(last.map(|last| self.record_of(key, last)))
    }

    async fn get_each(self, keys: &[&str]) -> Result<Vec<Option<KvRecord>>, KvError> {
        let gets: Vec<_> = keys.iter().map(|key| Box::pin(self.get(key))).collect();
        stream::iter(gets).buffered(KEYS_IN_FLIGHT).try_collect().await
    }

    fn record_of(self, key: &str, last: Last) -> KvRecord {
        if !matches!(last.kind, UpdateKind::Purge(_)) {
            self.bucket.known.note_unpurged(last.version);
        }
        last.into_record(key)
    }

    /// The last record of every key, also of those that were removed, without values where these
    /// are large.
    pub(in crate::nats) async fn last_of_all(self) -> Result<Vec<KvRecord>, KvError> {
        self.last_of_each("", Wanted::Keys).await
    }

    /// Every live entry with this prefix, sorted (R4).
    async fn list(self, prefix: &str, wanted: Wanted) -> Result<Vec<KvRecord>, KvError> {
        let mut found = self.last_of_each(prefix, wanted).await?;
        found.retain(|record| !record.deleted);
        Ok(found)
    }

    /// The last record of every key with this prefix, sorted.
    async fn last_of_each(self, prefix: &str, wanted: Wanted) -> Result<Vec<KvRecord>, KvError> {
        self.bucket.router().lane_opened().await;
        let mut found = match self.read_few(prefix).await? {
            Some(found) => found,
            None => self.read_all(prefix, wanted).await?,
        };
        let in_order = found.is_sorted_by(|a, b| a.key < b.key);
        if !in_order {
            // Of several messages of a key the last one counts.
            let newest_first = |found: &KvRecord| Reverse(found.version.as_u64());
            found.sort_by(|a, b| {
                a.key.cmp(&b.key).then_with(|| newest_first(a).cmp(&newest_first(b)))
            });
            found.dedup_by(|later, first| later.key == first.key);
        }
        Ok(found)
    }

    /// Reads in one request, if there are few enough keys.
    async fn read_few(self, prefix: &str) -> Result<Option<Vec<KvRecord>>, KvError> {
        let parent = parent(prefix);
        let known = &self.bucket.known;
        if !known.reads_many() || known.is_broad(parent) || !self.bucket.router().has_lane() {
            return Ok(None);
        }
        let filter = [&self.bucket.subjects, parent, ">"].concat();
        let found = self.read_multi(&[&filter], prefix).await?;
        if found.is_none() {
            known.note_broad(parent);
        }
        Ok(found)
    }

    /// Reads the last messages of subjects in one request; nothing if that is too much for one.
    async fn read_multi(
        self,
        subjects: &[&str],
        prefix: &str,
    ) -> Result<Option<Vec<KvRecord>>, KvError> {
        let take = |found: &mut Vec<KvRecord>, response: &Response| {
            found.extend(self.found_in(prefix, response)?);
            Ok(())
        };
        let request = MultiRequest { multi_last: subjects }.encode()?;
        self.bucket.last_of_each(request, Vec::new(), take).await
    }

    fn found_in(self, prefix: &str, response: &Response) -> Result<Option<KvRecord>, KvError> {
        let said = Said::by(response);
        let Some(key) = said.subject()?.and_then(|subject| self.bucket.key(subject)) else {
            return Ok(None);
        };
        if !key.starts_with(prefix) {
            return Ok(None);
        }
        let last = Last::of(&self.bucket.known, &said, response)?;
        Ok(Some(self.record_of(key, last)))
    }

    /// Reads as a watch does until its first state is complete, which is exact whoever writes
    /// meanwhile (defect D2).
    async fn read_all(self, prefix: &str, wanted: Wanted) -> Result<Vec<KvRecord>, KvError> {
        let known = &self.bucket.known;
        if known.may_push() {
            match self.read_state(prefix, wanted, true).await {
                // This user may not tell a consumer that pushes to go on.
                Err(KvError::PermissionDenied(_)) => known.note_pull_only(),
                read => return read,
            }
        }
        self.read_state(prefix, wanted, false).await
    }

    async fn read_state(
        self,
        prefix: &str,
        wanted: Wanted,
        pushed: bool,
    ) -> Result<Vec<KvRecord>, KvError> {
        let keys_only = wanted == Wanted::Keys && self.bucket.known.has_large_values();
        let mut watch = NatsWatch::state(self.bucket.clone(), prefix, keys_only, pushed)?;
        let mut found = Vec::new();
        while let Some(batch) = self.next_batch(&mut watch).await? {
            found.extend(batch.iter().map(UpdateRef::to_record));
            if batch.is_synced() {
                break;
            }
        }
        watch.close().await;
        if found.len() < KEYS_AT_ONCE {
            self.bucket.known.note_narrow(parent(prefix));
        }
        Ok(found)
    }

    /// The next batch of a watch that a read stands on; `StoreNotFound` where the watch ended because
    /// the bucket is there no more.
    async fn next_batch(self, watch: &mut NatsWatch) -> Result<Option<UpdateBatch>, KvError> {
        match watch.next_batch(BatchLimit::default()).await {
            Err(ended @ KvError::WatchError(_)) => self.bucket.info().await.and(Err(ended)),
            batch => batch,
        }
    }
}

fn refused(status: u16, response: &Response) -> KvError {
    let text = response.description();
    KvError::OperationFailed(format!("the server refused a read: {status} {text}"))
}
