//! Says that a stream has something to be read, without any of it.
//!
//! A consumer is asked for one message of at most one byte. There is none so small, so as soon as
//! there is any message the answer is that it is too large.

use crate::kv::{Footprint, KvError};
use crate::nats::jetstream::api::{ConsumerInfo, ConsumerRequest, PullRequest};
use crate::nats::jetstream::bucket::Bucket;
use crate::nats::jetstream::consumer::{Start, Wanted, config, let_go};
use crate::nats::jetstream::consumers::ConsumerName;
use crate::nats::jetstream::pull_requests::{EXPIRES, HEARTBEAT, SILENCE};
use crate::nats::transport::answers::Answers;
use crate::nats::transport::unanswered::Unanswered;
use std::sync::Arc;
use tokio::time::timeout;

/// A consumer that was made to say that there is something. It rings once; dropping it deletes the
/// consumer from the server.
pub(in crate::nats) struct Doorbell {
    bucket: Arc<Bucket>,
    name: ConsumerName,
    answers: Option<Answers>,
}

/// What a doorbell did.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::nats) enum Rung {
    /// There is something, or may be: whatever ends the wait is looked into.
    Yes,
    /// The server is there, and has nothing.
    NotYet,
}

const ALIVE: u16 = 100;

impl Doorbell {
    /// One for what these filters let through after a version.
    pub(in crate::nats) async fn open(
        bucket: &Arc<Bucket>,
        filters: &[String],
        after: u64,
        footprint: &Footprint,
    ) -> Result<Self, KvError> {
        let name = bucket.consumers().new_name(&bucket.stream);
        let ConsumerName { stream, name: consumer } = &name;
        let wanted = Wanted {
            start: Start::After(after),
            filters,
            headers_only: false,
            pushed: false,
            footprint: footprint.clone(),
        };
        let create = ConsumerRequest {
            stream_name: stream,
            config: config(consumer, &wanted, None),
            action: "create",
        };
        let operation = format!("CONSUMER.CREATE.{stream}.{consumer}");
        let next = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
        bucket.consumers().adopt(name.clone(), wanted.footprint);
        // From here on it is deleted, also where nobody waits for this any longer.
        let mut made = Self { bucket: bucket.clone(), name: name.clone(), answers: None };
        let _: ConsumerInfo = bucket.jetstream().ask(&operation, &create).await??;
        let pull =
            PullRequest { batch: 1, max_bytes: 1, expires: EXPIRES, idle_heartbeat: HEARTBEAT };
        let pull = serde_json::to_vec(&pull)
            .map_err(|error| KvError::SerializationError(error.to_string()))?;
        made.answers = Some(bucket.router().listen(next.into(), &pull).await?);
        Ok(made)
    }

    /// Waits for a word of the server. Dropping the future loses none.
    pub(in crate::nats) async fn listen(&mut self) -> Result<Rung, Unanswered> {
        let Some(answers) = &mut self.answers else { return Ok(Rung::Yes) };
        if timeout(SILENCE, answers.wait()).await.is_err() {
            return Ok(Rung::Yes);
        }
        let mut come = Vec::new();
        answers.ready(&mut come);
        for answer in come {
            if answer?.status() != Some(ALIVE) {
                return Ok(Rung::Yes);
            }
        }
        Ok(Rung::NotYet)
    }

    /// Deletes its consumer, and waits until that is done.
    pub(in crate::nats) async fn delete(mut self) {
        self.answers = None;
        self.bucket.consumers().delete(&self.name).await;
    }
}

impl Drop for Doorbell {
    fn drop(&mut self) {
        let_go(&self.bucket, &self.name, self.answers.take());
    }
}
