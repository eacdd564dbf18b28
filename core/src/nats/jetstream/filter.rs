//! Prefixes are matched byte by byte, the server filters by whole tokens: what it is asked for is
//! the least that has them all, and the rest is filtered here (K2, S6). Single keys it is asked for
//! as they are.

use crate::kv::key::KeySet;

/// The most filters one consumer is given. Each costs every write to the stream a little.
const MAX_FILTERS: usize = 256;

/// How much a request has room for.
#[derive(Debug, Clone, Copy)]
pub(in crate::nats) struct Room {
    /// For all filters together.
    pub(in crate::nats) bytes: usize,
    /// What each filter takes beside its own bytes.
    pub(in crate::nats) around_each: usize,
}

/// The tokens of a prefix that are whole, with the dot after them.
pub(in crate::nats) fn parent(prefix: &str) -> &str {
    prefix.rfind('.').map_or("", |dot| &prefix[..=dot])
}

/// The filters that cover all of a set, without the subjects of the bucket before them. None of
/// them covers another; empty if everything is to be covered.
///
/// Where there are too many for one consumer or one request, keys give way to what they lie under,
/// and that to what lies above it.
pub(in crate::nats) fn filters(keys: &KeySet, room: Room) -> Vec<String> {
    let parents: Vec<&str> = keys.prefixes().iter().map(|prefix| parent(prefix)).collect();
    if parents.contains(&"") {
        return Vec::new();
    }
    let above = without_covered(parents.iter().copied());
    let beside = keys.keys().iter().filter(|key| !is_under(&above, key));
    let exact: Vec<String> = above.iter().copied().map(all_under).chain(beside.cloned()).collect();
    if room.fits(&exact) {
        return exact;
    }
    let of_keys = keys.keys().iter().map(|key| parent(key));
    broader(&parents.into_iter().chain(of_keys).collect::<Vec<_>>(), room)
}

/// The deepest filters over these parents that there is room for; empty if there is for none.
fn broader(parents: &[&str], room: Room) -> Vec<String> {
    let deepest = parents.iter().map(|parent| depth(parent)).max().unwrap_or(0);
    for depth in (1..=deepest).rev() {
        let above = without_covered(parents.iter().map(|parent| shortened(parent, depth)));
        if above.first().is_some_and(|first| first.is_empty()) {
            break;
        }
        let filters: Vec<String> = above.into_iter().map(all_under).collect();
        if room.fits(&filters) {
            return filters;
        }
    }
    Vec::new()
}

impl Room {
    fn fits(self, filters: &[String]) -> bool {
        // JSON puts a backslash before these. Control characters are in no key.
        let escaped =
            |filter: &String| filter.bytes().filter(|b| matches!(b, b'"' | b'\\')).count();
        let size = |filter: &String| filter.len() + escaped(filter) + self.around_each;
        filters.len() <= MAX_FILTERS && filters.iter().map(size).sum::<usize>() <= self.bytes
    }
}

fn all_under(parent: &str) -> String {
    format!("{parent}>")
}

fn depth(parent: &str) -> usize {
    parent.matches('.').count()
}

/// Whether a key lies under one of these parents, which are sorted and without nested ones.
fn is_under(parents: &[&str], key: &str) -> bool {
    let after = parents.partition_point(|parent| *parent <= key);
    after.checked_sub(1).is_some_and(|last| key.starts_with(parents[last]))
}

/// The first `depth` tokens of a parent.
fn shortened(parent: &str, depth: usize) -> &str {
    parent.match_indices('.').nth(depth - 1).map_or(parent, |(dot, _)| &parent[..=dot])
}

fn without_covered<'a>(parents: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut sorted: Vec<&str> = parents.collect();
    sorted.sort_unstable();
    let mut kept: Vec<&str> = Vec::new();
    for parent in sorted {
        if !kept.last().is_some_and(|last| parent.starts_with(last)) {
            kept.push(parent);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROOM: Room = Room { bytes: 1 << 19, around_each: 10 };

    fn of(prefixes: &[&str]) -> Vec<String> {
        filters(&KeySet::of_prefixes(prefixes).unwrap(), ROOM)
    }

    fn with_keys(prefixes: &[&str], keys: &[impl AsRef<str>]) -> Vec<String> {
        filters(&KeySet::new(prefixes, keys).unwrap(), ROOM)
    }

    #[test]
    fn k2_a_prefix_is_filtered_by_its_whole_tokens() {
        assert_eq!(of(&["node"]), Vec::<String>::new());
        assert_eq!(of(&["node."]), ["node.>"]);
        assert_eq!(of(&["node.a"]), ["node.>"]);
        assert_eq!(of(&["node.a", ""]), Vec::<String>::new());
    }

    #[test]
    fn s6_overlapping_prefixes_make_filters_that_do_not_overlap() {
        assert_eq!(of(&["a.", "a.b.", "a."]), ["a.>"]);
        assert_eq!(of(&["a.b.c", "a.x", "b."]), ["a.>", "b.>"]);
    }

    #[test]
    fn s6_many_prefixes_make_few_filters() {
        let many: Vec<String> = (0..500).map(|n| format!("group{}.n{n}.", n % 20)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&many).len(), 20);
        let wide: Vec<String> = (0..500).map(|n| format!("n{n}.")).collect();
        let wide: Vec<&str> = wide.iter().map(String::as_str).collect();
        assert_eq!(of(&wide), Vec::<String>::new());
    }

    #[test]
    fn s6_single_keys_are_asked_for_as_they_are() {
        assert_eq!(with_keys(&[], &["b", "a.b", "a", "b"]), ["a", "a.b", "b"]);
        // What a filter lets through anyway is not asked for twice: the server refuses that.
        assert_eq!(with_keys(&["a.b"], &["a", "a.c", "b"]), ["a.>", "a", "b"]);
        assert_eq!(with_keys(&["a"], &["b"]), Vec::<String>::new());
        // No token of them is a wildcard, so these are not either.
        assert_eq!(with_keys(&[], &["a*", "b.c>"]), ["a*", "b.c>"]);
    }

    #[test]
    fn s6_keys_that_no_consumer_has_room_for_give_way_to_what_they_lie_under() {
        let keys =
            |count: usize| (0..count).map(|n| format!("p{}.n{n}", n % 4)).collect::<Vec<_>>();
        assert_eq!(with_keys(&[], &keys(256)).len(), 256);
        assert_eq!(with_keys(&[], &keys(257)), ["p0.>", "p1.>", "p2.>", "p3.>"]);
        let flat: Vec<String> = (0..257).map(|n| format!("n{n}")).collect();
        assert_eq!(with_keys(&[], &flat), Vec::<String>::new());
        let set = KeySet::new(&[] as &[&str], &["a.b", "a.c", "d.e"]).unwrap();
        let narrow = |bytes| filters(&set, Room { bytes, around_each: 7 });
        assert_eq!(narrow(30), ["a.b", "a.c", "d.e"]);
        assert_eq!(narrow(29), ["a.>", "d.>"]);
        assert_eq!(narrow(19), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn s6_filters_cover_every_key_of_a_set(
            prefixes in proptest::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){0,2}\\.?", 0..5),
            keys in proptest::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){0,2}", 0..5),
            key in "[ab]{1,2}(\\.[ab]{1,2}){0,3}",
            bytes in 0..100_usize,
        ) {
            let set = KeySet::new(&prefixes, &keys).unwrap();
            let filters = filters(&set, Room { bytes, around_each: 5 });
            let lets = |filter: &String, key: &str| match filter.strip_suffix('>') {
                Some(parent) => key.starts_with(parent),
                None => key == filter,
            };
            let through = filters.iter().filter(|filter| lets(filter, &key)).count();
            prop_assert!(through <= 1, "{key} by {filters:?}");
            if set.contains(&key) && !filters.is_empty() {
                prop_assert_eq!(through, 1, "{} by {:?}", key, filters);
            }
        }
    }
}
