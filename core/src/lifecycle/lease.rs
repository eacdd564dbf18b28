//! Leases: the only way to a thing that may be closed, and that a forked child must not use.

use super::fork::Process;
use crate::kv::KvError;
use crate::lock::RwLock;
use std::mem;

/// Why a lease hands nothing out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lapse {
    /// The thing was closed in this process.
    Closed,
    /// The thing was made in a parent of this process, before a fork.
    Inherited,
}

impl From<Lapse> for KvError {
    fn from(lapse: Lapse) -> Self {
        match lapse {
            Lapse::Closed | Lapse::Inherited => Self::NotConnected,
        }
    }
}

/// A thing that only the process that made it may use.
///
/// A forked child gives it up and does not drop it: its locks may be held for ever by a thread of
/// the parent, and its files and sockets are the parent's to close.
#[derive(Debug, Clone)]
pub struct Own<T> {
    owner: Process,
    /// Present until this is dropped.
    thing: Option<T>,
}

impl<T> Own<T> {
    /// Makes this process the owner of `thing`.
    pub fn new(thing: T) -> Self {
        Self { owner: Process::this(), thing: Some(thing) }
    }

    /// The thing, in the process that made it.
    pub fn get(&self) -> Result<&T, Lapse> {
        self.thing.as_ref().filter(|_| self.owner.is_this()).ok_or(Lapse::Inherited)
    }

    /// The thing, to be changed, in the process that made it.
    pub fn get_mut(&mut self) -> Result<&mut T, Lapse> {
        self.thing.as_mut().filter(|_| self.owner.is_this()).ok_or(Lapse::Inherited)
    }

    /// The process that made it.
    pub fn owner(&self) -> Process {
        self.owner
    }
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        if !self.owner.is_this() {
            mem::forget(self.thing.take());
        }
    }
}

/// A thing that was opened, until it is closed. Only the process that opened it may use it.
#[derive(Debug)]
pub struct Lease<T> {
    state: Own<RwLock<State<T>>>,
}

#[derive(Debug)]
enum State<T> {
    Open(T),
    Closed,
}

impl<T> Lease<T> {
    /// A lease of what was opened just now.
    pub fn new(thing: T) -> Self {
        Self { state: Own::new(RwLock::new(State::Open(thing))) }
    }

    /// Uses the thing, which is not closed meanwhile.
    pub fn with<R>(&self, using: impl FnOnce(&T) -> R) -> Result<R, Lapse> {
        match &*self.state.get()?.read() {
            State::Open(thing) => Ok(using(thing)),
            State::Closed => Err(Lapse::Closed),
        }
    }

    /// The thing, which may be closed while it is used.
    pub fn get(&self) -> Result<T, Lapse>
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// Ends the lease, and gives the thing to whoever is the first to do so.
    pub fn close(&self) -> Result<T, Lapse> {
        match mem::replace(&mut *self.state.get()?.write(), State::Closed) {
            State::Open(thing) => Ok(thing),
            State::Closed => Err(Lapse::Closed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn l1_a_closed_lease_hands_nothing_out() {
        let lease = Lease::new(7);
        assert_eq!((lease.get(), lease.with(|thing| thing + 1)), (Ok(7), Ok(8)));
        assert_eq!(lease.close(), Ok(7));
        assert_eq!(
            (lease.get(), lease.with(|thing| thing + 1)),
            (Err(Lapse::Closed), Err(Lapse::Closed))
        );
        assert_eq!(lease.close(), Err(Lapse::Closed));
        assert_eq!(KvError::from(Lapse::Closed), KvError::NotConnected);
    }

    #[test]
    fn l1_what_a_parent_made_is_neither_used_nor_dropped() {
        let thing = Arc::new(());
        let inherited = Own { owner: Process::another(), thing: Some(thing.clone()) };
        assert_eq!(inherited.get(), Err(Lapse::Inherited));
        drop(inherited);
        assert_eq!(Arc::strong_count(&thing), 2);
        drop(Own::new(thing.clone()));
        assert_eq!(Arc::strong_count(&thing), 2);

        let lease = Lease {
            state: Own { owner: Process::another(), thing: Some(RwLock::new(State::Open(thing))) },
        };
        assert_eq!((lease.get(), lease.close()), (Err(Lapse::Inherited), Err(Lapse::Inherited)));
        assert_eq!(KvError::from(Lapse::Inherited), KvError::NotConnected);
    }
}
