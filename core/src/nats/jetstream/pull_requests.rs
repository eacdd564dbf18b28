//! How a consumer is kept from sending more than is read (S8).

use super::api::PullRequest;
use crate::kv::KvError;
use bytes::Bytes;
use std::time::Duration;
use tokio::time::Instant;

/// What a consumer may still send.
pub(in crate::nats) struct PullRequests {
    pull: Option<Pull>,
}

/// It sends what it was asked for.
struct Pull {
    request: Bytes,
    /// The same request, which expires sooner.
    shorter: Bytes,
    /// When the last of the requests under way expires.
    until: Instant,
    ledger: Ledger,
}

/// What a consumer was asked for, and what of that is over. It serves the requests that it has in
/// turn, a message each.
#[derive(Default)]
struct Ledger {
    requests: u64,
    /// Requests that it is known to have got.
    got: u64,
    /// Requests that it said are over.
    ended: u64,
    /// Messages that came, or that it said will not come.
    over: u64,
}

/// Messages asked for at once.
const BATCH: u64 = 1024;
/// Requests under way while there is much to read, and while there is not.
const AHEAD: u64 = 8;
const AHEAD_WHEN_IDLE: u64 = 2;
/// Bytes one request may be answered with, beyond the largest message there can be.
const BATCH_BYTES: usize = 1 << 20;
const OVERHEAD: usize = 64 << 10;
pub(in crate::nats) const EXPIRES: Duration = Duration::from_secs(120);
/// Requests that were sent together are not to expire together: nothing would be asked for then.
const EXPIRES_SOONER: Duration = Duration::from_secs(60);
const APART: Duration = Duration::from_secs(90);
/// A server says that it is there this often.
pub(in crate::nats) const HEARTBEAT: Duration = Duration::from_secs(3);
/// A server that was silent for this long has forgotten what it was asked for.
pub(in crate::nats) const SILENCE: Duration = Duration::from_secs(8);

impl PullRequests {
    /// The consumer is pulled: exact, whoever reads and however slowly.
    pub(in crate::nats) fn pulled(max_payload: usize) -> Result<Self, KvError> {
        let request = |expires| {
            let request = PullRequest {
                batch: BATCH,
                max_bytes: BATCH_BYTES.max(max_payload) + OVERHEAD,
                expires,
                idle_heartbeat: HEARTBEAT,
            };
            serde_json::to_vec(&request)
                .map(Bytes::from)
                .map_err(|error| KvError::SerializationError(error.to_string()))
        };
        let pull = Pull {
            request: request(EXPIRES)?,
            shorter: request(EXPIRES_SOONER)?,
            until: Instant::now(),
            ledger: Ledger::default(),
        };
        Ok(Self { pull: Some(pull) })
    }

    /// The consumer pushes, and stops by itself until it is told that what it had sent by then was
    /// read: cheaper for the server, and less exact, up to its 32 MiB.
    pub(in crate::nats) fn pushed() -> Self {
        Self { pull: None }
    }

    /// The next request to be sent, if the server has not been asked for enough.
    pub(in crate::nats) fn next(
        &mut self,
        pending: u64,
        clock: impl Fn() -> Instant,
    ) -> Option<Bytes> {
        let Pull { request, shorter, until, ledger } = self.pull.as_mut()?;
        let ahead = if pending > BATCH { AHEAD } else { AHEAD_WHEN_IDLE };
        if ledger.left() + BATCH > ahead * BATCH {
            return None;
        }
        let now = clock();
        let (request, expires) = match *until > now + APART {
            true => (shorter, EXPIRES_SOONER),
            false => (request, EXPIRES),
        };
        ledger.requests += 1;
        *until = (*until).max(now + expires);
        Some(request.clone())
    }

    /// Notes that a message came.
    pub(in crate::nats) fn came(&mut self) {
        if let Some(Pull { ledger, .. }) = &mut self.pull {
            ledger.over += 1;
        }
    }

    /// Notes that a request is over, and how many of its messages will not come.
    pub(in crate::nats) fn ended(&mut self, unserved: u64) {
        if let Some(Pull { ledger, .. }) = &mut self.pull {
            ledger.ended += 1;
            ledger.over += unserved;
        }
    }

    /// Notes that the server has so many requests that are not over.
    pub(in crate::nats) fn has(&mut self, waiting: u64) {
        if let Some(Pull { ledger, .. }) = &mut self.pull {
            ledger.has(waiting);
        }
    }

    /// Whether there may be a lull after what has come: the server had no request that is known of,
    /// so that it may have kept what it had.
    pub(in crate::nats) fn may_lull(&self) -> bool {
        self.pull.as_ref().is_some_and(|pull| pull.ledger.may_lull())
    }
}

impl Ledger {
    /// Messages the server may still send without being asked again.
    fn left(&self) -> u64 {
        (self.requests * BATCH).saturating_sub(self.over)
    }

    fn has(&mut self, waiting: u64) {
        self.got = self.got.max(self.ended + waiting);
    }

    /// Where more is over than what the ended requests were for, a message of another one has come.
    fn may_lull(&self) -> bool {
        self.got <= self.ended && self.over == self.ended * BATCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// What a server sends: a message, and whether it had no request just before; or the end of a
    /// request.
    enum Sent {
        Message { was_idle: bool },
        End { unserved: u64 },
    }

    /// A consumer of a server, as far as its requests go.
    #[derive(Default)]
    struct Server {
        under_way: VecDeque<()>,
        waiting: VecDeque<u64>,
        was_idle: bool,
        sent: VecDeque<Sent>,
    }

    impl Server {
        fn hears(&mut self) {
            self.was_idle |= self.waiting.is_empty();
            if self.under_way.pop_front().is_some() {
                self.waiting.push_back(BATCH);
            }
        }

        fn sends(&mut self) {
            self.was_idle |= self.waiting.is_empty();
            let Some(left) = self.waiting.pop_front() else { return };
            self.sent.push_back(Sent::Message { was_idle: std::mem::take(&mut self.was_idle) });
            match left {
                1 => self.sent.push_back(Sent::End { unserved: 0 }),
                _ => self.waiting.push_back(left - 1),
            }
        }

        /// As where a message is too large for what is left of a request, or it expires.
        fn ends_one(&mut self) {
            if let Some(unserved) = self.waiting.pop_front() {
                self.sent.push_back(Sent::End { unserved });
            }
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Hears,
        Sends(u16),
        Ends,
        Reads(u16),
        Asks,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            Just(Step::Hears),
            (1u16..1500).prop_map(Step::Sends),
            Just(Step::Ends),
            (1u16..1500).prop_map(Step::Reads),
            Just(Step::Asks),
        ];
        proptest::collection::vec(step, 1..60)
    }

    proptest! {
        /// However late requests and messages are.
        #[test]
        fn s5b_wherever_the_server_had_no_request_there_is_a_lull(steps in steps()) {
            let (mut server, mut ledger) = (Server::default(), Ledger::default());
            for step in steps {
                while ledger.left() + BATCH <= AHEAD_WHEN_IDLE * BATCH {
                    ledger.requests += 1;
                    server.under_way.push_back(());
                }
                match step {
                    Step::Hears => server.hears(),
                    Step::Sends(count) => (0..count).for_each(|_| server.sends()),
                    Step::Ends => server.ends_one(),
                    // Where there may have been a lull, it is looked into first.
                    Step::Asks if ledger.may_lull() => {}
                    Step::Asks => ledger.has(server.waiting.len() as u64),
                    Step::Reads(count) => {
                        for _ in 0..count {
                            match server.sent.pop_front() {
                                Some(Sent::Message { was_idle }) => {
                                    prop_assert!(!was_idle || ledger.may_lull());
                                    ledger.over += 1;
                                }
                                Some(Sent::End { unserved }) => {
                                    ledger.ended += 1;
                                    ledger.over += unserved;
                                }
                                None => break,
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn requests_that_are_served_in_turn_leave_no_lull_before_all_are_over() {
        let mut ledger = Ledger { requests: 2, ..Ledger::default() };
        assert!(ledger.may_lull());
        for _ in 1..2 * BATCH {
            ledger.over += 1;
            assert!(!ledger.may_lull());
        }
        ledger.ended += 1;
        assert!(!ledger.may_lull());
        (ledger.over, ledger.ended) = (ledger.over + 1, 2);
        assert!(ledger.may_lull());
    }

    #[test]
    fn a_request_that_is_known_of_leaves_no_lull_when_another_expires() {
        let mut ledger = Ledger { requests: 2, ..Ledger::default() };
        ledger.has(2);
        assert!(!ledger.may_lull());
        (ledger.over, ledger.ended) = (BATCH, 1);
        assert!(!ledger.may_lull());
        (ledger.over, ledger.ended) = (2 * BATCH, 2);
        assert!(ledger.may_lull());
    }
}
