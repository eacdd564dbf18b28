//! The announcement of forks, for languages that fork.

/// Has a forked child of this process told that what it inherited is its parent's: it answers
/// `NotConnected` there. For languages that fork, once, when they load the library.
#[uniffi::export]
pub fn announce_forks() {
    slipstream::lifecycle::fork::announce_all();
}
