//! What may happen to a watch, one after the other.

use super::bucket::{KEYS, Kind, Retention};
use proptest::collection::vec;
use proptest::prelude::*;

/// A bucket, a watch on it, and what happens to both.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    pub(super) kind: Kind,
    /// What is written before the watch begins.
    pub(super) written: Vec<u8>,
    /// The watch begins after this version, which may be ahead of the bucket, or with the state.
    pub(super) cursor: Option<Cursor>,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    pub(super) version: u64,
    /// It names the bucket that it belongs to.
    pub(super) is_bound: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// The watch gets up to so many of the things that it waits for.
    Read(u8),
    /// The call is given up, and another one begins.
    Call,
    /// So many milliseconds pass.
    Pass(u16),
    Change(Change),
    Server(Server),
    Wire(Wire),
    Failure(Failure),
}

/// A change of the bucket.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Put(u8),
    /// So many writes of one key after the other, from this one on.
    Burst(u8, u8),
    PurgeKey(u8),
    PurgeAll,
    Delete,
    Recreate(u8),
}

/// What the server does with the consumer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Server {
    /// It hears the requests that were sent to it.
    Hears,
    /// It sends so many messages.
    Sends(u8),
    /// It stops sending for a moment, though it was asked.
    IsLate,
    EndsRequest(u8),
    EndsRequests(u8),
    /// It says this, by its place in [`STATUSES`].
    Says(u8),
    /// It forgets the consumer, and says so or not.
    Forgets(bool),
    /// It sends an old message again under a new number.
    SendsAgain(u8),
}

/// What happens on the way to the watch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wire {
    Arrives(u8),
    Loses(u8),
    Repeats,
    Swaps,
    /// The connection is cut, and is there again after so many milliseconds.
    Cut(u16),
    Denies,
    Closes,
}

/// What becomes of the next questions to the server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Failure {
    /// The next one fails so.
    Once(Refusal),
    /// All fail so, for so many milliseconds.
    For(Refusal, u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Cut,
    Late,
    Unknown,
    Denied,
    Full,
    Refused,
    NotUnderstood,
}

/// A sign of life, and then statuses that are the end of a consumer, or refuse what it is asked for.
pub(super) const STATUSES: [(u16, &str); 12] = [
    (100, "Idle Heartbeat"),
    (400, "Bad Request"),
    (404, "No Messages"),
    (408, "Request Timeout"),
    (408, "Requests Pending"),
    (409, "Consumer Deleted"),
    (409, "Leadership Change"),
    (409, "Server Shutdown"),
    (409, "Consumer is push based"),
    (409, "Exceeded MaxRequestBatch of 256"),
    (423, "Locked"),
    (503, "No Responders"),
];

/// Statuses that end a request and say how many of its messages will not come.
pub(super) const ENDS: [(u16, &str); 4] = [
    (404, "No Messages"),
    (408, "Request Timeout"),
    (409, "Message Size Exceeds MaxBytes"),
    (409, "Batch Completed"),
];

pub(super) fn any_schedule() -> impl Strategy<Value = Schedule> {
    let cursor = (0u64..8, any::<bool>())
        .prop_map(|(version, is_bound)| Cursor { version: version + 1, is_bound });
    let parts = (
        kind(),
        vec(0..KEYS, 0..10),
        prop_oneof![2 => Just(None), 1 => cursor.prop_map(Some)],
        vec(step(), 0..48),
    );
    parts.prop_map(|(kind, written, cursor, steps)| Schedule { kind, written, cursor, steps })
}

fn kind() -> impl Strategy<Value = Kind> {
    let retention = prop_oneof![
        2 => Just(Retention::Unlimited),
        3 => (3u8..9).prop_map(Retention::Messages),
        1 => Just(Retention::Age),
    ];
    let watched = prop_oneof![Just(KEYS), 1..KEYS];
    (retention, 1u8..3, watched).prop_map(|(retention, history, watched)| Kind {
        retention,
        history,
        watched,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (1u8..12).prop_map(Step::Read),
        1 => Just(Step::Call),
        3 => prop_oneof![3 => 1u16..200, 2 => 200u16..4_000, 1 => 4_000u16..60_000]
            .prop_map(Step::Pass),
        9 => change().prop_map(Step::Change),
        7 => server().prop_map(Step::Server),
        6 => wire().prop_map(Step::Wire),
        2 => failure().prop_map(Step::Failure),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        12 => (0..KEYS).prop_map(Change::Put),
        5 => (0..KEYS, 2u8..12).prop_map(|(key, count)| Change::Burst(key, count)),
        1 => (0..KEYS).prop_map(Change::PurgeKey),
        1 => prop_oneof![
            Just(Change::PurgeAll),
            Just(Change::Delete),
            (0u8..12).prop_map(Change::Recreate),
        ],
    ]
}

fn server() -> impl Strategy<Value = Server> {
    prop_oneof![
        6 => Just(Server::Hears),
        4 => (1u8..6).prop_map(Server::Sends),
        1 => Just(Server::IsLate),
        2 => (0..ENDS.len() as u8).prop_map(Server::EndsRequest),
        2 => (0..ENDS.len() as u8).prop_map(Server::EndsRequests),
        1 => (0..STATUSES.len() as u8).prop_map(Server::Says),
        1 => any::<bool>().prop_map(Server::Forgets),
        1 => any::<u8>().prop_map(Server::SendsAgain),
    ]
}

fn wire() -> impl Strategy<Value = Wire> {
    prop_oneof![
        12 => (1u8..8).prop_map(Wire::Arrives),
        1 => any::<u8>().prop_map(Wire::Loses),
        1 => Just(Wire::Repeats),
        1 => Just(Wire::Swaps),
        1 => (0u16..3_000).prop_map(Wire::Cut),
        1 => prop_oneof![Just(Wire::Denies), Just(Wire::Closes)],
    ]
}

fn failure() -> impl Strategy<Value = Failure> {
    use Refusal::{Cut, Denied, Full, Late, NotUnderstood, Refused, Unknown};
    let passing = prop_oneof![Just(Cut), Just(Late), Just(Unknown)];
    let lasting = prop_oneof![Just(Denied), Just(Full), Just(Refused), Just(NotUnderstood)];
    let refusal = prop_oneof![5 => passing.clone(), 1 => lasting];
    prop_oneof![
        2 => refusal.clone().prop_map(Failure::Once),
        1 => (refusal, 100u16..20_000).prop_map(|(refusal, time)| Failure::For(refusal, time)),
    ]
}
