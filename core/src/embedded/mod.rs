//! The embedded store: one set of rules over two engines, memory and file.

use crate::kv::KvError;
use crate::store::{Connection, ConnectionCapabilities, KvStore, StoreConfig};
use async_trait::async_trait;
use std::path::Path;
use std::sync::Arc;

/// An embedded connection (placeholder until the engine lands).
pub struct EmbeddedConnection {}
impl EmbeddedConnection {
    /// m
    pub fn memory() -> Self { Self {} }
    /// m
    pub fn shared_memory(_name: &str) -> Self { Self {} }
    /// m
    pub fn file(_path: &Path) -> Self { Self {} }
}
#[async_trait]
impl Connection for EmbeddedConnection {
    async fn connect(&self) -> Result<(), KvError> { Ok(()) }
    async fn shutdown(&self) -> Result<(), KvError> { Ok(()) }
    fn is_healthy(&self) -> bool { true }
    async fn store_with_config(&self, _config: StoreConfig) -> Result<Arc<dyn KvStore>, KvError> { Err(KvError::NotConnected) }
    fn capabilities(&self) -> ConnectionCapabilities { ConnectionCapabilities::default() }
}
