//! How a store is kept: as a stream, laid out as every NATS key-value client lays out its buckets.

use super::api::{
    Done, MessageRequest, NamesRequest, Refusal, Stored, StoredMessage, StreamConfig, StreamInfo,
    StreamNames, StreamState,
};
use super::api_client::JetStream;
use super::consumers::Consumers;
use super::filter::{Room, filters};
use super::format;
use super::known::Known;
use super::message::end_of_batch;
use super::open_connection::OpenConnection;
use crate::kv::KvError;
use crate::kv::key::{KeySet, can_be_named, check_name};
use crate::nats::transport::response::Response;
use crate::nats::transport::router::{ASK_AGAIN, Router};
use crate::store::{DiscardPolicy, IfMissing, StorageType, StoreConfig};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A bucket that was opened.
pub(in crate::nats) struct Bucket {
    pub(in crate::nats) name: String,
    /// The name of its stream.
    pub(in crate::nats) stream: String,
    /// The prefix that makes a key a subject.
    pub(in crate::nats) subjects: String,
    pub(in crate::nats) connection: Arc<OpenConnection>,
    pub(in crate::nats) known: Arc<Known>,
}

/// Markers of what expired are kept as long as a cursor can be expected to come back. The server
/// writes none that live for ever.
const MARKERS_KEPT: Duration = Duration::from_secs(365 * 24 * 3600);
/// The server's own default, and the longest it allows for entries that live less.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// How long a server may take to remove the files of a stream.
const REMOVAL: Duration = Duration::from_secs(2);

/// Opens the bucket of this configuration, which is made if it is missing. One that exists is
/// opened as it is, and differences are logged (L2).
pub(in crate::nats) async fn open(
    connection: Arc<OpenConnection>,
    config: &StoreConfig,
) -> Result<Bucket, KvError> {
    connection.router.check_open()?;
    let OpenConnection { router, jetstream, .. } = &*connection;
    let name = &config.name;
    let stream = format!("KV_{name}");
    let info = match info(jetstream, &stream).await? {
        Ok(info) => found(info, config),
        Err(refusal)
            if refusal.err_code == Refusal::STREAM_NOT_FOUND
                && config.if_missing == IfMissing::Create =>
        {
            create(router, jetstream, &stream, config).await?
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let subjects = format!("$KV.{name}.");
    check_bucket(&info, &subjects)?;
    format::check(name, &info.config.metadata)?;
    // From this version on a server reads many keys as of one moment.
    let known = Arc::new(Known::of(&info, connection.reads, router.server_is(2, 15)));
    Ok(Bucket { name: name.clone(), stream, subjects, connection, known })
}

/// The names of the buckets that there are, sorted (R7).
pub(in crate::nats) async fn names(connection: &OpenConnection) -> Result<Vec<String>, KvError> {
    connection.router.check_open()?;
    let mut names = BTreeSet::new();
    let mut offset = 0;
    loop {
        let request = NamesRequest { subject: "$KV.>", offset };
        let page: StreamNames = connection.jetstream.ask("STREAM.NAMES", &request).await??;
        let streams = page.streams.unwrap_or_default();
        offset += streams.len();
        // Others may have named a stream as no bucket of ours can be named (K3).
        let buckets = streams.iter().filter_map(|stream| stream.strip_prefix("KV_"));
        names.extend(buckets.filter(|name| check_name(name).is_ok()).map(str::to_owned));
        if streams.is_empty() || offset >= page.total {
            return Ok(names.into_iter().collect());
        }
    }
}

/// Deletes a bucket with all that is in it (R7). It is not asked twice: a bucket that is made anew
/// meanwhile is another one.
pub(in crate::nats) async fn delete(
    connection: &OpenConnection,
    name: &str,
) -> Result<(), KvError> {
    connection.router.check_open()?;
    let jetstream = &connection.jetstream;
    let stream = format!("KV_{name}");
    check_bucket(&info(jetstream, &stream).await??, &format!("$KV.{name}."))?;
    let Done { success } =
        jetstream.ask_once(&format!("STREAM.DELETE.{stream}"), &serde_json::Map::new()).await??;
    match success {
        true => Ok(()),
        false => Err(KvError::OperationFailed("the server did not delete the store".into())),
    }
}

/// Refuses a stream that is named as a bucket and is none.
fn check_bucket(info: &StreamInfo, subjects: &str) -> Result<(), KvError> {
    let StreamConfig { name, subjects: listens, .. } = &info.config;
    if listens.contains(&format!("{subjects}>")) {
        return Ok(());
    }
    Err(KvError::OperationFailed(format!(
        "the stream {name:?} exists and is no bucket: its subjects are {listens:?}"
    )))
}

/// What the server says of a stream now.
pub(in crate::nats) async fn info(
    jetstream: &JetStream,
    stream: &str,
) -> Result<Result<StreamInfo, Refusal>, KvError> {
    jetstream.ask(&format!("STREAM.INFO.{stream}"), &serde_json::Map::new()).await
}

impl Bucket {
    pub(in crate::nats) fn router(&self) -> &Router {
        &self.connection.router
    }

    pub(in crate::nats) fn jetstream(&self) -> &JetStream {
        &self.connection.jetstream
    }

    pub(in crate::nats) fn consumers(&self) -> &Consumers {
        &self.connection.consumers
    }

    /// What the server says of the bucket now; an error if it is there no more.
    pub(in crate::nats) async fn info(&self) -> Result<StreamInfo, KvError> {
        Ok(info(self.jetstream(), &self.stream).await??)
    }

    /// Waits a moment where no server of the bucket was there; an error if the bucket is deleted.
    pub(in crate::nats) async fn wait_for_server(&self) -> Result<(), KvError> {
        self.info().await?;
        sleep(ASK_AGAIN).await;
        Ok(())
    }

    /// A message as the stream's leader has it, if there is one.
    pub(in crate::nats) async fn stored(
        &self,
        request: &MessageRequest<'_>,
    ) -> Result<Result<Option<Stored>, Refusal>, KvError> {
        let operation = format!("STREAM.MSG.GET.{}", self.stream);
        Ok(match self.jetstream().ask(&operation, request).await? {
            Ok(StoredMessage { message }) => Ok(Some(message)),
            Err(refusal) if refusal.err_code == Refusal::MESSAGE_NOT_FOUND => Ok(None),
            Err(refusal) => Err(refusal),
        })
    }

    /// Sends a [`MultiRequest`](super::api::MultiRequest) and gives what comes to `take`; nothing
    /// if that is too much for one request, or there is no lane, or nobody is there to answer.
    pub(in crate::nats) async fn last_of_each<T>(
        &self,
        request: Bytes,
        start: T,
        mut take: impl FnMut(&mut T, &Response) -> Result<(), KvError>,
    ) -> Result<Option<T>, KvError> {
        if request.len() > self.router().max_payload() {
            return Ok(None);
        }
        let subject = ["$JS.API.DIRECT.GET.", &self.stream].concat();
        let take = |(taken, complete): &mut (T, bool), response: Response| {
            let end = end_of_batch(&response);
            match end {
                Some(all) => *complete = all,
                None => take(taken, &response)?,
            }
            Ok(end.is_some())
        };
        let start = (start, false);
        let read = self.router().ask_lane_for_many(subject.into(), &request, take, start).await?;
        Ok(read.and_then(|(taken, complete)| complete.then_some(taken)))
    }

    /// The filters that let through these keys: at least one, since the server gives the last
    /// message of every key only for a filter. Half of what a request can have is for them.
    pub(in crate::nats) fn filters(&self, keys: &KeySet) -> Vec<String> {
        let bytes = self.router().max_payload() / 2;
        let room = Room { bytes, around_each: self.subjects.len() + 3 };
        let mut filters = filters(keys, room);
        if filters.is_empty() {
            filters.push(">".to_owned());
        }
        filters.iter().map(|filter| self.subject(filter)).collect()
    }

    /// The subject of a key.
    pub(in crate::nats) fn subject(&self, key: &str) -> String {
        let mut subject = String::with_capacity(self.subjects.len() + key.len());
        subject.push_str(&self.subjects);
        subject.push_str(key);
        subject
    }

    /// The key of a subject, if it is one of this bucket that a call could ever name.
    pub(in crate::nats) fn key<'a>(&self, subject: &'a str) -> Option<&'a str> {
        subject.strip_prefix(&self.subjects).filter(|key| can_be_named(key))
    }
}

impl StreamInfo {
    /// True if entries may have been removed without a mark, other than by being overwritten: the
    /// oldest of a store that is or was close to its limit, those that were too old and left no
    /// marker, or all of them by hand.
    pub(in crate::nats) fn may_have_evicted(&self) -> bool {
        let StreamState { messages, bytes, first_seq, last_seq, .. } = self.state;
        // A store that evicts stays near its limit; from half of it on nothing is certain.
        let near =
            |used: u64, limit: i64| u64::try_from(limit).is_ok_and(|it| it > 0 && used > it / 2);
        let full = near(bytes, self.config.max_bytes) || near(messages, self.config.max_msgs);
        (self.config.discard == "old" && full)
            || self.config.ages_silently()
            || (messages == 0 && first_seq > last_seq && last_seq > 0)
    }

    /// True if the bucket can drop entries without leaving a mark: by eviction, or by age without
    /// markers.
    pub(in crate::nats) fn can_evict(&self) -> bool {
        let config = &self.config;
        (config.discard == "old" && (config.max_bytes > 0 || config.max_msgs > 0))
            || config.ages_silently()
    }
}

impl StreamConfig {
    /// True if entries that are too old go without a marker.
    pub(in crate::nats) fn ages_silently(&self) -> bool {
        !self.max_age.is_zero() && self.subject_delete_marker_ttl.is_zero()
    }
}

async fn create(
    router: &Router,
    jetstream: &JetStream,
    stream: &str,
    config: &StoreConfig,
) -> Result<StreamInfo, KvError> {
    let request = new_stream(stream, config, router.server_is(2, 11));
    let start = Instant::now();
    loop {
        match jetstream.ask(&format!("STREAM.CREATE.{stream}"), &request).await? {
            Ok(info) => return Ok(info),
            // Somebody else was first, with another configuration.
            Err(refusal) if refusal.err_code == Refusal::STREAM_NAME_IN_USE => {
                return Ok(found(info(jetstream, stream).await??, config));
            }
            // It may still be removing the files of one of this name that was deleted.
            Err(refusal)
                if refusal.err_code == Refusal::STREAM_NOT_STORED && start.elapsed() < REMOVAL =>
            {
                sleep(ASK_AGAIN).await;
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
}

fn new_stream(stream: &str, config: &StoreConfig, ttl: bool) -> StreamConfig {
    let history = config.max_history.unwrap_or(1);
    let max_age = config.max_age.unwrap_or_default();
    StreamConfig {
        name: stream.to_owned(),
        subjects: vec![format!("$KV.{}.>", config.name)],
        storage: storage(config.storage).to_owned(),
        discard: discard(config.discard).to_owned(),
        max_msgs_per_subject: history.into(),
        max_msgs: -1,
        max_bytes: config.max_bytes.unwrap_or(-1),
        max_msg_size: -1,
        max_age,
        duplicate_window: if max_age.is_zero() {
            DUPLICATE_WINDOW
        } else {
            DUPLICATE_WINDOW.min(max_age)
        },
        num_replicas: config.num_replicas.unwrap_or(1),
        allow_direct: true,
        allow_rollup_hdrs: true,
        deny_delete: true,
        allow_msg_ttl: ttl,
        // With more history it would be the shortest time to live there can be.
        subject_delete_marker_ttl: if ttl && (history == 1 || !max_age.is_zero()) {
            MARKERS_KEPT
        } else {
            Duration::ZERO
        },
        metadata: format::metadata(),
    }
}

fn storage(storage: StorageType) -> &'static str {
    match storage {
        StorageType::Memory => "memory",
        StorageType::Persistent => "file",
    }
}

fn discard(discard: DiscardPolicy) -> &'static str {
    match discard {
        DiscardPolicy::New => "new",
        DiscardPolicy::Old => "old",
    }
}

/// Compares an existing bucket with the requested configuration, and logs the differences.
fn found(info: StreamInfo, asked: &StoreConfig) -> StreamInfo {
    let is = &info.config;
    let mut differences = Vec::new();
    let mut compare = |what: &str, is: String, asked: Option<String>| {
        if let Some(asked) = asked.filter(|asked| *asked != is) {
            differences.push(format!("{what} is {is}, not {asked}"));
        }
    };
    compare("storage", is.storage.clone(), Some(storage(asked.storage).to_owned()));
    compare("discard", is.discard.clone(), Some(discard(asked.discard).to_owned()));
    compare(
        "max_history",
        is.max_msgs_per_subject.to_string(),
        asked.max_history.map(|it| it.to_string()),
    );
    compare("max_bytes", is.max_bytes.to_string(), asked.max_bytes.map(|it| it.to_string()));
    compare("max_age", format!("{:?}", is.max_age), asked.max_age.map(|it| format!("{it:?}")));
    compare("replicas", is.num_replicas.to_string(), asked.num_replicas.map(|it| it.to_string()));
    if !differences.is_empty() {
        let differences = differences.join(", ");
        tracing::warn!(store = asked.name, differences, "opened an existing store as it is");
    }
    info
}
