//! Texts in whatever encoding they come, turned into UTF-8; what does not fit is an error, never a question mark.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

/// The encoding with this name, as documents and media types call it.
pub(crate) fn by_name(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(name.trim().trim_matches(['"', '\'']).as_bytes())
}

/// The encoding that a media type names, such as `text/csv; charset=windows-1252`.
pub(crate) fn of_media_type(kind: &str) -> Option<&'static Encoding> {
    kind.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        by_name(value).filter(|_| name.trim().eq_ignore_ascii_case("charset"))
    })
}

/// A whole text. A mark at its beginning says its encoding; without one it is `said`, else UTF-8. The error is the
/// name of the encoding that it is not in.
pub(crate) fn decode<'b>(
    bytes: &'b [u8],
    said: Option<&'static Encoding>,
) -> Result<Cow<'b, str>, &'static str> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((said.unwrap_or(UTF_8), 0));
    let text = bytes.get(mark..).unwrap_or_default();
    encoding
        .decode_without_bom_handling_and_without_replacement(text)
        .ok_or(encoding.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_by_their_mark_then_by_what_is_said_then_as_utf_8() {
        let windows = by_name("windows-1252");
        assert_eq!(decode(b"M\xfcller \x80", windows).unwrap(), "Müller €");
        assert_eq!(decode(b"\xef\xbb\xbfM\xc3\xbcller", windows).unwrap(), "Müller");
        assert_eq!(decode(b"\xff\xfeM\x00\xfc\x00", None).unwrap(), "Mü");
        assert_eq!(decode("Müller".as_bytes(), None).unwrap(), "Müller");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(decode(b"M\xfcller", None), Err("UTF-8"));
        assert_eq!(decode(b"M\x00\xfc", by_name("utf-16le")), Err("UTF-16LE"));
    }

    #[test]
    fn a_media_type_may_name_the_encoding() {
        let name = |kind| of_media_type(kind).map(Encoding::name);
        assert_eq!(
            name("text/csv; header=present; Charset=\"iso-8859-15\""),
            Some("ISO-8859-15")
        );
        assert_eq!(name("text/csv; charset=klingon"), None);
        assert_eq!(name("text/csv"), None);
    }
}
