//! A client that shows a certificate in place of a secret: a statement that it signs with the certificate's key and that
//! is good for one token request (RFC 7523, section 2.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use oauth2::CsrfToken;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tenure_core::secret::Secret;

/// What the parameter `client_assertion_type` says.
pub(super) const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long a statement is good for.
const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// How far the other side's clock may be behind.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// Why nothing can be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsigned {
    /// Which field is wrong.
    pub(super) field: &'static str,
    pub(super) why: String,
}

/// What is stated: who asks whom, and when.
pub(super) struct Statement<'a> {
    pub(super) client_id: &'a str,
    pub(super) token_url: &'a str,
    pub(super) now: Timestamp,
}

impl Statement<'_> {
    /// The statement, signed (PS256). The certificate is named by its digest.
    pub(super) fn signed(&self, certificate: &str, key: &Secret) -> Result<Secret, Unsigned> {
        let wrong = |field, why: String| Unsigned { field, why };
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(|error| wrong("certificate", format!("is no certificate in PEM: {error}")))?;
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| {
            let why = "is no private key in PEM, or one that needs a password".to_owned();
            wrong("private_key", why)
        })?;
        let key = any_supported_type(&key).map_err(|error| wrong("private_key", error.to_string()))?;
        let digest = Sha256::digest(&certificate);
        let pair = CertifiedKey::new(vec![certificate], key);
        if pair.keys_match().is_err() {
            return Err(wrong("private_key", "is not that of `certificate`".to_owned()));
        }
        let signer = pair.key.choose_scheme(&[SignatureScheme::RSA_PSS_SHA256]);
        let signer = signer.ok_or_else(|| wrong("private_key", "is not of the kind RSA".to_owned()))?;
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(digest) });
        let signed = format!("{}.{}", encoded(&header), encoded(&self.claims()));
        let signature = signer
            .sign(signed.as_bytes())
            .map_err(|error| wrong("private_key", error.to_string()))?;
        Ok(Secret::new(format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(signature)
        )))
    }

    fn claims(&self) -> Json {
        json!({
            "aud": self.token_url,
            "iss": self.client_id,
            "sub": self.client_id,
            "jti": CsrfToken::new_random().secret(),
            "iat": self.now.as_second(),
            "nbf": (self.now - SKEW).as_second(),
            "exp": (self.now + LIFE).as_second(),
        })
    }
}

fn encoded(json: &Json) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}
