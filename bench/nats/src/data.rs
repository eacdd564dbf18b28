//! The keys of the bench, and the order in which a round reads them.

/// The bucket of every row that only reads.
pub const BUCKET: &str = "bench";
/// How many keys it has, in groups of [`GROUP`].
pub const KEYS: usize = 100_000;
/// How many keys begin with the same [`group`].
pub const GROUP: usize = 10;

/// One of the keys. The last token numbers it inside its group, so that a server can filter for
/// a group.
pub fn key(number: usize) -> String {
    format!("{}{}", group(number / GROUP), number % GROUP)
}

/// What all keys of a group begin with.
pub fn group(number: usize) -> String {
    format!("node.{number:05}.")
}

/// `count` numbers below `limit`, in another order each round and in the same one in every run.
pub fn sample(count: usize, limit: usize, round: usize) -> impl Iterator<Item = usize> {
    let mut state = round as u64;
    (0..count).map(move |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    })
}
