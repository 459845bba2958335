//! A program that shows a certificate: what it states has to be signed with the key of the one that is known.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use webpki::EndEntityCert;
use webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY as PS256;

use crate::stage::{
    encoding::{base64_url, from_base64, sha256},
    parameters::Parameters,
};

const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long a statement may be good for, in seconds.
const LONGEST: i64 = 24 * 60 * 60;

/// The certificate that is known, and what was stated with it.
pub(super) struct Certificate {
    der: Vec<u8>,
    seen: Mutex<HashSet<String>>,
}

impl Certificate {
    pub(super) fn new(der: Vec<u8>) -> Self {
        Self {
            der,
            seen: Mutex::default(),
        }
    }

    /// What is wrong with a statement by this client for this address, if anything is.
    pub(super) fn wrong(&self, form: &Parameters, client_id: &str, address: &str) -> Option<&'static str> {
        let read = |part: &str| serde_json::from_slice::<Value>(&from_base64(part)?).ok();
        let Some((signed, signature)) = form
            .get("client_assertion")
            .and_then(|assertion| assertion.rsplit_once('.'))
        else {
            return Some("Client assertion is malformed.");
        };
        let parts = signed.split_once('.');
        let Some((header, claims)) = parts.and_then(|(header, claims)| read(header).zip(read(claims))) else {
            return Some("Client assertion is malformed.");
        };
        if form.get("client_assertion_type") != Some(KIND) || header["alg"] != "PS256" {
            return Some("Client assertion is of a kind that is not known.");
        }
        if header["x5t#S256"] != base64_url(&sha256(&self.der)) {
            return Some(
                "The certificate with identifier used to sign the client assertion is not registered.",
            );
        }
        if !self.is_signed(signed, signature) {
            return Some("Client assertion failed signature validation.");
        }
        let now = Timestamp::now().as_second();
        let moment = |name: &str| claims[name].as_i64().unwrap_or_default();
        if claims["iss"] != client_id || claims["sub"] != client_id || claims["aud"] != address {
            return Some("Client assertion is of another client, or for another audience.");
        }
        if moment("nbf") > now || !(now..=now + LONGEST).contains(&moment("exp")) {
            return Some("Client assertion is not within its valid time range.");
        }
        let id = claims["jti"].as_str().unwrap_or_default().to_owned();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (id.is_empty() || !seen.insert(id)).then_some("Client assertion was shown before.")
    }

    fn is_signed(&self, signed: &str, signature: &str) -> bool {
        let der = CertificateDer::from(self.der.as_slice());
        let Ok(certificate) = EndEntityCert::try_from(&der) else {
            return false;
        };
        let signature = from_base64(signature).unwrap_or_default();
        certificate
            .verify_signature(PS256, signed.as_bytes(), &signature)
            .is_ok()
    }
}
