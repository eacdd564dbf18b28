use slipstream::fork;

/// Announces a fork of this process, in the thread that forks, and waits for a bounded time until
/// nothing is half-way that a child must not inherit so.
#[uniffi::export]
pub fn before_fork() {
    fork::prepare();
}

/// Lets what stood still go on, after a fork in the parent.
#[uniffi::export]
pub fn after_fork_in_parent() {
    fork::resume();
}

/// Says that this process is a forked child: what its parent opened answers `NotConnected`.
#[uniffi::export]
pub fn after_fork_in_child() {
    fork::forked();
}
