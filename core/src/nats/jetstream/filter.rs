//! Prefixes are matched byte by byte, the server filters by whole tokens: what it is asked for is
//! the least that has them all, and the rest is filtered here (K2, S6).

use crate::kv::key::PrefixSet;

/// The most filters one consumer is given. Each costs every write to the stream a little.
const MAX_FILTERS: usize = 256;

/// The tokens of a prefix that are whole, with the dot after them.
pub(in crate::nats) fn parent(prefix: &str) -> &str {
    prefix.rfind('.').map_or("", |dot| &prefix[..=dot])
}

/// The filters that cover all prefixes, without the subjects of the bucket before them. None of
/// them covers another; empty if everything is to be covered.
pub(in crate::nats) fn filters(prefixes: &PrefixSet) -> Vec<String> {
    let depth = |parent: &str| parent.matches('.').count();
    let parents: Vec<&str> = prefixes.iter().map(parent).collect();
    let deepest = parents.iter().map(|parent| depth(parent)).max().unwrap_or(0);
    for depth in (1..=deepest).rev() {
        let filters = without_covered(parents.iter().map(|parent| shortened(parent, depth)));
        if filters.first().is_some_and(|first| first.is_empty()) {
            break;
        }
        if filters.len() <= MAX_FILTERS {
            return filters.into_iter().map(|parent| format!("{parent}>")).collect();
        }
    }
    Vec::new()
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

    fn of(prefixes: &[&str]) -> Vec<String> {
        filters(&PrefixSet::new(prefixes).unwrap())
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

    proptest! {
        #[test]
        fn s6_filters_cover_every_key_of_the_prefixes(
            prefixes in proptest::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){0,2}\\.?", 1..5),
            key in "[ab]{1,2}(\\.[ab]{1,2}){0,3}",
        ) {
            let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
            let set = PrefixSet::new(&prefixes).unwrap();
            let filters = filters(&set);
            if set.matches(&key) && !filters.is_empty() {
                let covered = filters.iter().any(|filter| key.starts_with(filter.trim_end_matches('>')));
                prop_assert!(covered, "{key} by {filters:?}");
            }
        }
    }
}
