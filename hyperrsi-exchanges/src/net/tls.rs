use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;

/// Whom connections trust: the web's root certificates, and any that were added.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    added: Arc<Vec<CertificateDer<'static>>>,
}

/// A root certificate that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no root certificate can be read there ({0}); give a PEM text that begins with BEGIN CERTIFICATE")]
pub struct RootError(String);

impl Trust {
    /// The same and these root certificates, as a PEM text: for a proxy or a practice server with a root of its own.
    ///
    /// # Errors
    /// [`RootError`] if there is none in the text, or one is damaged.
    pub fn and(&self, pem: &str) -> Result<Self, RootError> {
        let mut added = (*self.added).clone();
        let before = added.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| RootError(error.to_string()))?;
            // A text that is no certificate is found here, and not at the first connection.
            RootCertStore::empty().add(certificate.clone()).map_err(|error| RootError(error.to_string()))?;
            added.push(certificate);
        }
        if added.len() == before {
            return Err(RootError("nothing was found".into()));
        }
        Ok(Self { added: Arc::new(added) })
    }

    /// The one TLS configuration of all connections: TLS 1.2 and 1.3 by ring. A provider that another crate installs for
    /// the process does not matter here.
    ///
    /// # Errors
    /// The provider does not know the protocol versions, which its features make impossible.
    pub(crate) fn config(&self, protocols: &[&str]) -> Result<ClientConfig, rustls::Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in &*self.added {
            roots.add(root.clone())?;
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_at_once() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "hello", broken] {
            assert!(Trust::default().and(text).is_err(), "{text}");
        }
    }
}
