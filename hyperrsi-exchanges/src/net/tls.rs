use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;

/// The one TLS configuration of all connections: TLS 1.2 and 1.3 by ring, the web's root certificates. A provider that
/// another crate installs for the process does not matter here.
///
/// # Errors
/// The provider does not know the protocol versions, which its features make impossible.
pub(crate) fn config(protocols: &[&str]) -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(config)
}
