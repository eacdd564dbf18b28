//! One open connection: what its stores and watches ask through, until it is shut down.

use super::api_client::JetStream;
use super::consumers::Consumers;
use crate::lifecycle::fork::{self, Gate, Gated};
use crate::lifecycle::lease::{Lapse, Own};
use crate::nats::transport::router::Router;
use futures_util::future::join;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch as signal;
use tokio::time::timeout;

/// An open connection. The client ends with it, if the client was made for it.
pub(in crate::nats) struct OpenConnection {
    pub(in crate::nats) router: Arc<Router>,
    pub(in crate::nats) jetstream: JetStream,
    pub(in crate::nats) consumers: Consumers,
    pub(in crate::nats) reads: ReadsFrom,
    runtime: Own<Handle>,
    /// Told once everything of this connection has ended.
    finished: signal::Sender<bool>,
    gate: Gate,
    me: Weak<OpenConnection>,
}

/// Which servers of a store may answer reads (R5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nats) enum ReadsFrom {
    /// One that has every write that was answered.
    UpToDate,
    /// Any, also one that is behind.
    Any,
}

/// How long closing waits for the server to have heard of it.
const FAREWELL: Duration = Duration::from_secs(1);

impl OpenConnection {
    /// Opens over a router that is connected.
    pub(in crate::nats) fn over(router: Arc<Router>, reads: ReadsFrom) -> Arc<Self> {
        let opened = Arc::new_cyclic(|me| Self {
            jetstream: JetStream::new(router.clone()),
            consumers: Consumers::new(router.clone()),
            router,
            reads,
            runtime: Own::new(Handle::current()),
            finished: signal::Sender::new(false),
            gate: Gate::default(),
            me: me.clone(),
        });
        fork::register(&opened);
        opened
    }

    /// The runtime that the connection was opened on. The parent's does not run in a forked child.
    pub(in crate::nats) fn runtime(&self) -> Result<&Handle, Lapse> {
        self.runtime.get()
    }

    /// Ends watches and requests, and the client if it was made for this connection, and returns
    /// when that is done. It goes on if its caller gives up, and a second call waits for the same
    /// end.
    ///
    /// From now on no write is sent. Those that were sent are waited for, as long as one may take;
    /// a write that is unanswered then is of unknown outcome (W9).
    pub(in crate::nats) async fn shut_down(self: &Arc<Self>) {
        let mut finished = self.finished.subscribe();
        if self.router.stop_writes() {
            let ending = Ending(self.clone());
            let end = async move {
                let Ending(connection) = &ending;
                connection.end().await;
            };
            if let Ok(runtime) = self.runtime() {
                runtime.spawn(end);
            }
        }
        // The connection lives as long as this does, so waiting cannot fail.
        let _ = finished.wait_for(|finished| *finished).await;
    }

    async fn end(&self) {
        let farewell = async {
            // The server itself removes a consumer that is not deleted in time.
            let _ = timeout(FAREWELL, self.consumers.delete_all()).await;
            self.router.close();
        };
        join(farewell, self.router.writes_ended()).await;
        self.router.end(FAREWELL).await;
    }
}

/// A connection that is being shut down.
struct Ending(Arc<OpenConnection>);

impl Drop for Ending {
    /// Whoever waits is told, also where the runtime ended before its time.
    fn drop(&mut self) {
        self.0.finished.send_replace(true);
    }
}

impl Gated for OpenConnection {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The parent's runtime does not run in a child, and its locks may be held for ever: nothing of
    /// it may be dropped there.
    fn abandon(&self) {
        std::mem::forget(self.me.upgrade());
    }
}
