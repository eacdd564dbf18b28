//! Many keys, which JavaScript hands over piece by piece.

use napi_derive::napi;

/// Many keys, which JavaScript hands over piece by piece.
#[napi]
#[derive(Default)]
pub struct Keys {
    keys: Vec<String>,
}

#[napi]
impl Keys {
    /// No keys.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds keys.
    #[napi(catch_unwind)]
    pub fn add(&mut self, keys: Vec<String>) {
        self.keys.extend(keys);
    }

    /// The keys that were added.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.keys)
    }
}
