//! An open connection.

use crate::js::{Scratch, js};
use crate::operations::{Answer, Operations};
use crate::options::StoreOptions;
use crate::store;
use napi::bindgen_prelude::Null;
use napi::{Env, Result, sys};
use napi_derive::napi;
use slipstream::handle;
use slipstream_bridge::{Counted, Kind, Value};
use std::rc::Rc;

/// An open connection.
#[napi]
pub struct Session {
    handle: Counted<handle::Session>,
    operations: Rc<Operations>,
}

/// The session that was opened, as JavaScript is given it.
pub(crate) fn opened(
    env: &Env,
    operations: &Rc<Operations>,
    value: Value,
    _: &mut Scratch<'_>,
) -> Result<sys::napi_value> {
    let Value::Session(session) = value else { return js(env, Null) };
    let handle = Counted::new(Kind::Session, session);
    js(env, Session { handle, operations: operations.clone() })
}

/// What the stores of a connection can do.
#[napi(object, object_from_js = false)]
#[allow(missing_docs)]
pub struct Capabilities {
    pub streaming_watch: bool,
    pub prefix_watch: bool,
    pub ttl: bool,
    pub purge: bool,
    pub cas: bool,
    pub transactions: bool,
    pub global_ordering: bool,
    pub max_value_size: f64,
}

#[napi]
impl Session {
    /// Opens a store, made if missing.
    #[napi(catch_unwind)]
    pub fn store(&self, name: String, options: StoreOptions) -> Result<Answer> {
        let session = (*self.handle).clone();
        let opening = async move { session.store(options.config(&name)?).await.map(Value::Store) };
        self.operations.start(opening, store::opened)
    }

    /// The names of the stores that there are.
    #[napi(catch_unwind)]
    pub fn stores(&self) -> Result<Answer> {
        let session = (*self.handle).clone();
        self.operations.run(async move { session.stores().await.map(Value::Keys) })
    }

    /// Deletes a store.
    #[napi(catch_unwind)]
    pub fn delete_store(&self, name: String) -> Result<Answer> {
        let session = (*self.handle).clone();
        let deleting = async move { session.delete_store(&name).await.map(|()| Value::Unit) };
        self.operations.run(deleting)
    }

    /// Ends open watches and makes every handle answer `NotConnected`.
    #[napi(catch_unwind)]
    pub fn close(&self) -> Result<Answer> {
        let session = (*self.handle).clone();
        self.operations.run(async move { session.close().await.map(|()| Value::Unit) })
    }

    /// Whether the connection works right now.
    #[napi(catch_unwind)]
    pub fn is_healthy(&self) -> bool {
        self.handle.is_healthy()
    }

    /// What stores can do here.
    #[napi(catch_unwind)]
    pub fn capabilities(&self) -> Capabilities {
        let can = self.handle.capabilities();
        Capabilities {
            streaming_watch: can.streaming_watch,
            prefix_watch: can.prefix_watch,
            ttl: can.ttl,
            purge: can.purge,
            cas: can.cas,
            transactions: can.transactions,
            global_ordering: can.global_ordering,
            max_value_size: can.max_value_size as f64,
        }
    }

    /// Where this is connected to.
    #[napi(catch_unwind)]
    pub fn url(&self) -> String {
        self.handle.url().to_owned()
    }
}
