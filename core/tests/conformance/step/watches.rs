//! Steps about watches.

use super::bulk::many_key;
use super::same;
use crate::answer::Trouble;
use crate::format::{
    AbandonWatches, Ends, Fold, Keys, OpenWatch, Save, Settle, Text, Updates, UpdatesMany,
};
use crate::watching::{PATIENCE, Watching, selects};
use crate::world::World;
use slipstream::handle::{Selection, Watch};
use slipstream::kv::{BatchLimit, KvError, PurgeReason};
use slipstream::{KvUpdate, WatchCursor};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

impl World {
    /// Opens a watch. If that fails it is the watch's end, for `ends` to find: a language may tell
    /// it when the watch is opened or when it is first read.
    pub fn open_watch(&mut self, step: &OpenWatch) -> Result<(), String> {
        let selection = Selection::new(
            self.each_of(step.prefixes.as_ref(), step.many.as_ref())?,
            self.each_of(step.keys.as_ref(), step.many_keys.as_ref())?,
        );
        let cursor = step.cursor.as_ref().map_or(Ok(Vec::new()), |c| self.names.token(c))?;
        let watch = open(self, &step.store, selection.clone(), &cursor)?;
        self.watches.insert(step.save.clone(), Watching::new(watch, selection));
        Ok(())
    }

    pub async fn updates(&mut self, step: &Updates) -> Result<(), String> {
        let mut expected = Vec::new();
        for parts in &step.expect {
            let parts: Result<Vec<_>, _> = parts.iter().map(|p| self.names.bytes(p)).collect();
            expected.push(parts?);
        }
        let version = step.version.as_ref().map(|v| self.names.token(v)).transpose()?;
        let watch = self.watch(&step.watch)?;
        let mut last = None;
        while !expected.is_empty() {
            let update = watch.update(limit(step.within)).await?;
            let reason = watch.reason();
            let open = if step.any_order { expected.len() } else { 1 };
            let found = expected[..open].iter().position(|parts| fits(&update, reason, parts));
            let found = found.ok_or_else(|| format!("got {update:?}"))?;
            expected.remove(found);
            last = Some(update.version().as_bytes().to_vec());
        }
        if version.is_some() {
            same("version", last, version)?;
        }
        self.save_after(&step.watch, step.save.as_deref())
    }

    /// Reads the puts of `put_many`, each once, in whatever order they were written.
    pub async fn updates_many(&mut self, step: &UpdatesMany) -> Result<(), String> {
        let mut missing: BTreeSet<String> =
            (0..step.count).map(|index| many_key(&step.prefix, index)).collect();
        let watch = self.watch(&step.watch)?;
        for _ in 0..step.count {
            let update = watch.update(PATIENCE).await?;
            same("a put", matches!(update, KvUpdate::Put(_)), true)?;
            if !missing.remove(update.key()) {
                return Err(format!("got {update:?}"));
            }
        }
        self.save_after(&step.watch, step.save.as_deref())
    }

    /// Reads until the fold of all updates is the expected state.
    pub async fn fold(&mut self, step: &Fold) -> Result<(), String> {
        let mut expected = BTreeMap::new();
        for (key, value) in &step.expect {
            expected.insert(key.clone(), self.names.bytes(value)?);
        }
        let watch = self.watch(&step.watch)?;
        while *watch.state() != expected {
            let read = watch.update(PATIENCE).await;
            read.map_err(|error| format!("{error}; the fold is {:?}", watch.state()))?;
        }
        Ok(())
    }

    /// Reads until `key` is told, and compares the fold of all updates with what the store reads.
    pub async fn settle(&mut self, step: &Settle) -> Result<(), String> {
        let watch = self.watch(&step.watch)?;
        while watch.update(PATIENCE).await?.key() != step.key {}
        let (told, selection) = (watch.state().clone(), watch.selection().clone());
        let stored = self.store("main")?.scan("").await.map_err(|failure| failure.to_string())?;
        let expected: BTreeMap<String, Vec<u8>> = stored
            .into_iter()
            .filter(|entry| selects(&selection, &entry.key))
            .filter(|entry| !step.partial || told.contains_key(&entry.key))
            .map(|entry| (entry.key, entry.value))
            .collect();
        same("the fold", told, expected)
    }

    pub async fn ends(&mut self, step: &Ends) -> Result<(), String> {
        let watch = self.watch(&step.watch)?;
        let end = watch.end(step.after_updates, limit(step.within)).await?;
        match (end, &step.error) {
            (Ok(()), None) => Ok(()),
            (Err(trouble), Some(spec)) => trouble.check(spec, &self.names),
            (end, spec) => Err(format!("ended with {end:?} instead of {spec:?}")),
        }
    }

    pub fn save_cursor(&mut self, step: &Save) -> Result<(), String> {
        self.save_after(&step.watch, Some(&step.save))
    }

    /// Opens watches and forgets them (S9).
    pub async fn abandon_watches(&mut self, step: &AbandonWatches) -> Result<(), String> {
        let prefixes = self.prefixes(&step.prefixes)?;
        for _ in 0..step.count {
            let selection = Selection::new(Some(prefixes.clone()), None);
            let watch = open(self, "main", selection, &[])?.map_err(|f| f.to_string())?;
            if step.read {
                let one = BatchLimit { items: 1, bytes: 1 };
                let read = watch.next_batch(one).await.map_err(|failure| failure.to_string())?;
                same("one update", read.map(|batch| batch.len()), Some(1))?;
            }
        }
        Ok(())
    }

    fn each_of(
        &self,
        texts: Option<&Vec<Text>>,
        many: Option<&Keys>,
    ) -> Result<Option<Vec<String>>, String> {
        let many = many.map(|it| (0..it.count).map(|index| many_key(&it.prefix, index)).collect());
        match many {
            None => texts.map(|texts| self.prefixes(texts)).transpose(),
            many => Ok(many),
        }
    }

    fn prefixes(&self, prefixes: &[Text]) -> Result<Vec<String>, String> {
        prefixes.iter().map(|prefix| self.names.text(prefix)).collect()
    }

    fn save_after(&mut self, watch: &str, name: Option<&str>) -> Result<(), String> {
        let cursor = self.watch(watch)?.cursor()?;
        if let Some(name) = name {
            self.names.save(name, &cursor);
        }
        Ok(())
    }
}

fn limit(within: Option<f64>) -> Duration {
    within.map_or(PATIENCE, Duration::from_secs_f64)
}

fn open(
    world: &World,
    store: &str,
    selection: Selection,
    cursor: &[u8],
) -> Result<Result<Watch, Trouble>, String> {
    let store = world.store(store)?;
    // In Rust, bytes that are no cursor never become one (V4).
    let Some(cursor) = WatchCursor::from_bytes(cursor) else {
        return Ok(Err(KvError::InvalidArgument("no cursor has these bytes".into()).into()));
    };
    Ok(store.watch(selection, &cursor).map_err(Trouble::from))
}

fn fits(update: &KvUpdate, reason: Option<PurgeReason>, parts: &[Vec<u8>]) -> bool {
    let (kind, value): (&[&str], _) = match update {
        KvUpdate::Put(entry) => (&["put"], Some(entry.value.as_slice())),
        KvUpdate::Delete { .. } => (&["delete", "gone"], None),
        KvUpdate::Purge { .. } if reason == Some(PurgeReason::Purged) => {
            (&["purge", "gone", "purged"], None)
        }
        KvUpdate::Purge { .. } if reason == Some(PurgeReason::Expired) => {
            (&["purge", "gone", "expired"], None)
        }
        KvUpdate::Purge { .. } => (&["purge", "gone"], None),
    };
    let kind_fits = kind.iter().any(|kind| parts.first().is_some_and(|p| p == kind.as_bytes()));
    kind_fits
        && parts.get(1).is_some_and(|key| key == update.key().as_bytes())
        && parts.get(2).map(Vec::as_slice) == value
        && parts.len() <= 3
}
