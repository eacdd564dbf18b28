//! The address of the server of this run.

use crate::Result;

/// Where the server of this run listens: the URL that `bench/run.py` hands out.
pub fn url() -> Result<String> {
    std::env::var("NATS_URL")
        .map_err(|_| "NATS_URL is not set; start this with bench/run.py".into())
}

/// The same for a bare socket.
pub fn address() -> Result<String> {
    Ok(url()?.trim_start_matches("nats://").to_owned())
}
