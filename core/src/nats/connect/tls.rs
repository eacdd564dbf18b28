//! What TLS needs: whom to trust, and which certificate to show.

use super::config::NatsOptions;
use super::file;
use super::trust::SystemTrust;
use crate::kv::KvError;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// True if an option asks for TLS, whatever the URL and the server say.
pub(in crate::nats) fn is_asked_for(options: &NatsOptions) -> bool {
    options.tls_first || options.tls_ca.is_some() || options.tls_cert.is_some()
}

/// Which authorities to trust and which certificate to show, read from the files that are named. A
/// server may ask for TLS at any time, so there is always one.
///
/// It names its provider of cryptography: the one of the process may be missing, be somebody
/// else's, or be in doubt, which is a panic.
pub(in crate::nats) fn client_config(options: &NatsOptions) -> Result<ClientConfig, KvError> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| KvError::ConnectionFailed(format!("TLS: {error}")))?;
    let config = match &options.tls_ca {
        Some(path) => config.with_root_certificates(authorities(path)?),
        None => {
            let trust = Arc::new(SystemTrust::new(provider));
            config.dangerous().with_custom_certificate_verifier(trust)
        }
    };
    match (&options.tls_cert, &options.tls_key) {
        (None, None) => Ok(config.with_no_client_auth()),
        (Some(cert), Some(key)) => {
            let chain = certificates("tls_cert", cert)?;
            let secret = PrivateKeyDer::from_pem_slice(file::read("tls_key", key)?.as_bytes())
                .map_err(|_| refused("tls_key", key, "has no private key in PEM"))?;
            config.with_client_auth_cert(chain, secret).map_err(|error| {
                refused("tls_key", key, &format!("does not fit tls_cert {cert:?}: {error}"))
            })
        }
        _ => Err(KvError::InvalidArgument(
            "tls_cert and tls_key belong together; one of them is missing".to_owned(),
        )),
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, KvError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("tls_ca", path)? {
        roots.add(certificate).map_err(|error| refused("tls_ca", path, &error.to_string()))?;
    }
    Ok(roots)
}

fn certificates(option: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, KvError> {
    let text = file::read(option, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(refused(option, path, "has no certificate in PEM")),
    }
}

fn refused(option: &str, path: &Path, problem: &str) -> KvError {
    KvError::InvalidArgument(format!("{option} {path:?} {problem}"))
}
