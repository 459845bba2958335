//! Base64, hashes and signatures.

use base64::{
    alphabet,
    engine::{
        DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig,
        general_purpose::URL_SAFE_NO_PAD,
    },
};
use sha2::{Digest, Sha256};

const BLOCK: usize = 64;

/// The SHA-256 of the bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// HMAC-SHA256 in lower-case hexadecimal.
pub(crate) fn hmac_sha256_hex(key: &[u8], message: &[u8]) -> String {
    hex::encode(hmac_sha256(key, message))
}

/// HMAC-SHA256 as RFC 2104 has it.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = if key.len() > BLOCK {
        sha256(key)
    } else {
        key.to_vec()
    };
    block.resize(BLOCK, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = sha256(&[padded(0x36).as_slice(), message].concat());
    sha256(&[padded(0x5c), inner].concat())
}

/// Base64 for addresses, without padding.
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = base64_url(bytes).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Reads Base64 of either alphabet, with or without padding.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    const RULES: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    const READER: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, RULES);
    let digits = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    READER.decode(digits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_there_and_back() {
        for text in ["", "a", "ab", "abc", "client:s3cret", "ÿþ?>"] {
            assert_eq!(
                from_base64(&base64_url(text.as_bytes())).as_deref(),
                Some(text.as_bytes())
            );
        }
        assert_eq!(base64_url(b"ab"), "YWI");
        assert_eq!(from_base64("YWI="), Some(b"ab".to_vec()));
        assert_eq!(from_base64("Y*I="), None);
    }

    #[test]
    fn signatures_are_those_of_rfc_4231() {
        assert_eq!(
            hmac_sha256_hex(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hmac_sha256_hex(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            ),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
