//! What a random schedule consists of.

use proptest::collection::vec;
use proptest::prelude::*;
use slipstream::DiscardPolicy;

/// The keys that schedules write: few, so that they collide, and with prefixes of one another.
pub const KEYS: [&str; 6] = ["a", "a.b", "a.c", "ab", "b.b", "c"];
const PREFIXES: [&str; 6] = ["", "a", "a.", "b", "c", "d"];

/// A store's limits and what happens to it.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub limit: Option<(u64, DiscardPolicy)>,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub enum Step {
    Write(Write),
    Get(&'static str),
    List(&'static str),
    Watch(Vec<&'static str>, From),
    Read { watch: usize, items: usize },
    Synced { watch: usize },
    Close { watch: usize },
    Reopen,
}

#[derive(Debug, Clone)]
pub struct Write {
    pub key: &'static str,
    pub action: Action,
}

#[derive(Debug, Clone)]
pub enum Action {
    Put(Vec<u8>),
    Create(Vec<u8>),
    Update(Vec<u8>, Version),
    Delete,
    DeleteWithVersion(Version),
    Purge,
}

/// The version that a write expects.
#[derive(Debug, Clone, Copy)]
pub enum Version {
    /// The one that stands.
    Current,
    /// This many before the newest of the store.
    Before(u64),
    /// One that was never written.
    Zero,
}

/// Where a watch starts.
#[derive(Debug, Clone, Copy)]
pub enum From {
    Start,
    /// A cursor that some watch had.
    Saved(usize),
    /// A version as a cursor, this many before the newest.
    Before(u64),
    /// This many ahead of the newest.
    Ahead(u64),
}

pub fn any() -> impl Strategy<Value = Schedule> {
    let limit = prop_oneof![
        2 => Just(None),
        1 => (20..60_u64).prop_map(|bytes| Some((bytes, DiscardPolicy::New))),
        3 => (20..60_u64).prop_map(|bytes| Some((bytes, DiscardPolicy::Old))),
    ];
    (limit, vec(step(), 1..80)).prop_map(|(limit, steps)| Schedule { limit, steps })
}

fn step() -> impl Strategy<Value = Step> {
    let prefixes = vec(proptest::sample::select(&PREFIXES[..]), 0..4);
    prop_oneof![
        12 => (key(), action()).prop_map(|(key, action)| Step::Write(Write { key, action })),
        1 => key().prop_map(Step::Get),
        1 => proptest::sample::select(&PREFIXES[..]).prop_map(Step::List),
        3 => (prefixes, from()).prop_map(|(prefixes, from)| Step::Watch(prefixes, from)),
        6 => (0..20_usize, 1..5_usize).prop_map(|(watch, items)| Step::Read { watch, items }),
        1 => (0..20_usize).prop_map(|watch| Step::Synced { watch }),
        1 => (0..20_usize).prop_map(|watch| Step::Close { watch }),
        1 => Just(Step::Reopen),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => value().prop_map(Action::Put),
        2 => value().prop_map(Action::Create),
        3 => (value(), version()).prop_map(|(value, version)| Action::Update(value, version)),
        2 => Just(Action::Delete),
        2 => version().prop_map(Action::DeleteWithVersion),
        2 => Just(Action::Purge),
    ]
}

fn key() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&KEYS[..])
}

/// Some are empty (R2), some are more than a limited store holds.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![6 => vec(any_byte(), 1..12), 1 => Just(Vec::new()), 1 => vec(any_byte(), 15..70)]
}

fn any_byte() -> impl Strategy<Value = u8> {
    proptest::num::u8::ANY
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![
        4 => Just(Version::Current),
        2 => (0..6_u64).prop_map(Version::Before),
        1 => Just(Version::Zero),
    ]
}

fn from() -> impl Strategy<Value = From> {
    prop_oneof![
        3 => Just(From::Start),
        4 => (0..50_usize).prop_map(From::Saved),
        2 => (0..12_u64).prop_map(From::Before),
        1 => (1..4_u64).prop_map(From::Ahead),
    ]
}
