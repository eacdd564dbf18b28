//! A set of keys: those of some prefixes, and some that are named one by one (S6).

use super::{check_named, check_prefix};
use crate::kv::KvError;

/// The keys that a watch tells: those that have one of its prefixes, and those that it names. What
/// another part of the set covers is left out, so nothing is in it twice (S6).
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    /// Sorted, none of them a leading part of another.
    prefixes: Vec<String>,
    /// Sorted, none of them with one of the prefixes.
    keys: Vec<String>,
}

impl KeySet {
    /// The keys that have one of these prefixes, and these keys, each checked (K2, K4).
    pub fn new(prefixes: &[impl AsRef<str>], keys: &[impl AsRef<str>]) -> Result<Self, KvError> {
        let mut set = Self::of_prefixes(prefixes)?;
        keys.iter().try_for_each(|key| check_named(key.as_ref()))?;
        let mut keys: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
        keys.retain(|key| !set.has_prefix_of(key));
        keys.sort_unstable();
        keys.dedup();
        set.keys = keys.into_iter().map(str::to_owned).collect();
        Ok(set)
    }

    /// The keys that have one of these prefixes, each checked (K2).
    pub fn of_prefixes(prefixes: &[impl AsRef<str>]) -> Result<Self, KvError> {
        prefixes.iter().try_for_each(|prefix| check_prefix(prefix.as_ref()))?;
        let mut sorted: Vec<&str> = prefixes.iter().map(AsRef::as_ref).collect();
        sorted.sort_unstable();
        let mut kept: Vec<String> = Vec::new();
        for prefix in sorted {
            if !kept.last().is_some_and(|last| prefix.starts_with(last.as_str())) {
                kept.push(prefix.to_owned());
            }
        }
        Ok(Self { prefixes: kept, keys: Vec::new() })
    }

    /// Every key.
    pub fn everything() -> Self {
        Self { prefixes: vec![String::new()], keys: Vec::new() }
    }

    /// Whether no key is in it.
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty() && self.keys.is_empty()
    }

    /// Whether every key is in it.
    pub fn is_everything(&self) -> bool {
        self.prefixes.first().is_some_and(String::is_empty)
    }

    /// Whether `key` is in it.
    pub fn contains(&self, key: &str) -> bool {
        self.has_prefix_of(key) || self.keys.binary_search_by(|it| it.as_str().cmp(key)).is_ok()
    }

    /// The prefixes, sorted, none of them a leading part of another.
    pub fn prefixes(&self) -> &[String] {
        &self.prefixes
    }

    /// The keys beside the prefixes, sorted, none of them with one of these.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Prefixes that cover the whole set, for a store that knows of nothing else: they may have keys
    /// that are not in it.
    pub fn covering(&self) -> Vec<&str> {
        // A prefix has no wildcards, where a key may have them inside of a token.
        let plain = |key: &str| key.find(['*', '>']).unwrap_or(key.len());
        let of_keys = self.keys.iter().map(|key| &key[..plain(key)]);
        self.prefixes.iter().map(String::as_str).chain(of_keys).collect()
    }

    fn has_prefix_of(&self, key: &str) -> bool {
        // Sorted and without nested ones, so only the last prefix at or before the key can match.
        let after = self.prefixes.partition_point(|prefix| prefix.as_str() <= key);
        after.checked_sub(1).is_some_and(|last| key.starts_with(self.prefixes[last].as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn valid(texts: &[String], check: fn(&str) -> Result<(), KvError>) -> Vec<&str> {
        texts.iter().map(String::as_str).filter(|text| check(text).is_ok()).collect()
    }

    #[test]
    fn s6_each_part_of_a_set_is_checked_by_its_own_rule() {
        assert!(KeySet::new(&["a*"], &["b"]).is_err());
        assert!(KeySet::new(&["a."], &["b*"]).is_ok());
        assert!(KeySet::new(&["a."], &["b."]).is_err());
        assert!(KeySet::new(&[""], &[""]).is_err());
    }

    proptest! {
        #[test]
        fn s6_a_set_is_the_exact_union(
            prefixes in proptest::collection::vec("[ab.]{0,3}", 0..6),
            keys in proptest::collection::vec("[ab*][ab.:*]{0,3}", 0..6),
            key in "[ab*][ab.:*]{0,4}",
        ) {
            let (prefixes, keys) = (valid(&prefixes, check_prefix), valid(&keys, check_named));
            let set = KeySet::new(&prefixes, &keys).unwrap();
            let has_prefix = prefixes.iter().any(|p| key.starts_with(p));
            prop_assert_eq!(set.contains(&key), has_prefix || keys.contains(&key.as_str()));
            prop_assert_eq!(set.is_empty(), prefixes.is_empty() && keys.is_empty());
            prop_assert!(set.keys().iter().all(|key| !prefixes.iter().any(|p| key.starts_with(p))));
            let covering = set.covering();
            prop_assert!(covering.iter().all(|prefix| check_prefix(prefix).is_ok()));
            let covered = covering.iter().any(|prefix| key.starts_with(prefix));
            prop_assert!(covered || !set.contains(&key));
        }
    }
}
