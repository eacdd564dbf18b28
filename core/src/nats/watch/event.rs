//! What happens to a watch, what the watch then has done, and what it waits for.

use super::gaps::Gaps;
use crate::kv::KvError;
use crate::nats::jetstream::api::StreamInfo;
use crate::nats::jetstream::consumer::{Delivery, Seen, Start};
use crate::nats::jetstream::end::End;
use tokio::time::Instant;

/// Something that happened, to which the machine answers with at most one effect.
pub(super) enum Event {
    /// Somebody asks for a batch. What an earlier call asked of the server may have gone unheard.
    Called,
    /// The time that was waited for has come.
    Due,
    Connected,
    Opened(Opened),
    Message(Delivery),
    /// No message is here.
    Empty,
    /// Everything that is here was taken in.
    TakenIn,
    /// What the server says of the consumer.
    Consumer(Seen),
    /// What the leader says of the stream, which was asked for at `asked`.
    Stream {
        info: Box<StreamInfo>,
        asked: Instant,
    },
    /// The first watched message after the frontier, as the leader has it.
    Next(Option<u64>),
    /// Nothing more comes from the consumer.
    Lost(End),
    /// What was waited for has failed.
    Failed(KvError),
}

/// A consumer that was made, and the store as it was before that.
pub(super) struct Opened {
    pub(super) made: Instant,
    pub(super) incarnation: u64,
    /// The last version of the store.
    pub(super) tip: u64,
    /// Present where gaps between the consumer's messages may hide removals.
    pub(super) gaps: Option<Gaps>,
}

/// Something that the machine has done for it. One event has at most one effect, so that no list is
/// allocated for each message.
pub(super) enum Effect {
    /// Start to make a consumer.
    Open(Plan),
    /// Hand out this message, if it is watched.
    HandOut(Delivery),
    /// Hand out the mark that the first state is complete.
    MarkSynced,
    /// Hand out the position, which has moved though no message came.
    MarkPosition,
    /// Tell the reader that the server has so many of its requests for messages.
    NoteRequests(u64),
}

/// Where the next consumer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) start: Start,
    /// The store that the start belongs to, where it is known.
    pub(super) incarnation: Option<u64>,
}

/// What a watch waits for. It follows from the phase alone, so that a call that is given up and
/// repeated waits for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// [`Event::Due`] at this time.
    Time(Instant),
    /// [`Event::Connected`].
    Connection,
    /// [`Event::Opened`].
    Opening,
    /// [`Event::Message`] or [`Event::Empty`], without waiting.
    MessageHere,
    /// [`Event::Message`], or [`Event::Due`] at this time.
    Message { until: Option<Instant> },
    /// [`Event::TakenIn`], without waiting.
    TakenIn,
    /// [`Event::Consumer`].
    Consumer,
    /// [`Event::Stream`].
    Stream,
    /// [`Event::Next`] after this version.
    Next { after: u64 },
    /// Nothing: the watch has ended.
    End,
}

/// What a reader says of the messages that it has taken in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Intake {
    /// Messages that were there and not handed on, as of the last word of the server.
    pub(super) pending: u64,
    /// The reader's own number of the last message that has come.
    pub(super) delivered: u64,
    /// True if the server may be without a request for messages, so that one may come and go.
    pub(super) may_lull: bool,
}
