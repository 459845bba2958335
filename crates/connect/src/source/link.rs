//! Links to the next page: taken from a `Link` header field (RFC 8288), and followed only on the same host.

use url::Url;

/// The address with `rel="next"` among the `Link` header fields of an answer.
pub(super) fn next<'h>(mut fields: impl Iterator<Item = &'h str>) -> Option<&'h str> {
    fields.find_map(next_in)
}

fn next_in(field: &str) -> Option<&str> {
    let mut rest = field;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let (parameters, after) = split_at_comma(after);
        if is_next(parameters) {
            return Some(target.trim());
        }
        rest = after;
    }
    None
}

/// The parameters of one link, and what follows the comma after them. A comma in quotes ends nothing.
fn split_at_comma(text: &str) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                return (
                    text.get(..at).unwrap_or_default(),
                    text.get(at + 1..).unwrap_or_default(),
                );
            }
            _ => {}
        }
    }
    (text, "")
}

/// Whether a link leads on from this very answer; one with an anchor is about something else.
fn is_next(parameters: &str) -> bool {
    let named = |wanted: &str| {
        parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| value.trim().trim_matches('"'))
        })
    };
    let leads_on = named("rel").is_some_and(|relations| {
        relations
            .split_ascii_whitespace()
            .any(|relation| relation.eq_ignore_ascii_case("next"))
    });
    leads_on && named("anchor").is_none()
}

/// Where a link leads from an address. Keys go along, so that other hosts are refused; the error is what it would
/// have been. A link without encryption on an encrypted host is followed with it, since servers behind a proxy do
/// not know better.
pub(super) fn resolve(from: &Url, link: &str) -> Result<Url, String> {
    let mut to = from
        .join(link.trim())
        .map_err(|error| format!("`{}` is not an address ({error})", link.trim()))?;
    let plain = |url: &Url, scheme: &str| url.scheme() == scheme && url.port().is_none();
    if to.host() == from.host() && plain(from, "https") && plain(&to, "http") {
        // Fails only between schemes of other kinds.
        let _ = to.set_scheme("https");
    }
    if to.origin() == from.origin() && matches!(to.scheme(), "https" | "http") {
        to.set_fragment(None);
        return Ok(to);
    }
    let elsewhere = if to.has_host() {
        to.origin().ascii_serialization()
    } else {
        format!("`{}:`", to.scheme())
    };
    Err(format!(
        "the next page is at {elsewhere}, and links are followed only within the same host"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let cases = [
            (
                "<https://a/?page=2>; rel=\"next\", <https://a/?page=9>; rel=\"last\"",
                Some("https://a/?page=2"),
            ),
            (
                "<https://a/?p=1>; rel=prev, </b?p=3>; title=\"a, <b>; rel=next\"; REL=\"last Next\"",
                Some("/b?p=3"),
            ),
            ("<https://a/?q=1,2>; rel=next", Some("https://a/?q=1,2")),
            ("<https://a/>; rel=\"nextone\"", None),
            ("<https://a/>; rel=next; anchor=\"#x\"", None),
            ("<https://a/", None),
            ("", None),
        ];
        for (field, found) in cases {
            assert_eq!(next([field].into_iter()), found, "{field}");
        }
        assert_eq!(next(["<a>; rel=prev", "<b>; rel=next"].into_iter()), Some("b"));
    }

    #[test]
    fn links_stay_on_their_host() {
        let from = Url::parse("https://hr.example.com/api/people?limit=5").unwrap();
        let to = |link: &str| resolve(&from, link).map(String::from);
        assert_eq!(
            to("?after=9").unwrap(),
            "https://hr.example.com/api/people?after=9"
        );
        assert_eq!(to("/next#top").unwrap(), "https://hr.example.com/next");
        assert_eq!(
            to("http://hr.example.com/next").unwrap(),
            "https://hr.example.com/next"
        );
        for elsewhere in [
            "https://evil.example.com/next",
            "//evil.example.com/next",
            "https://hr.example.com:8443/next",
            "http://hr.example.com:8080/next",
            "ftp://hr.example.com/next",
            "data:text/plain,x",
        ] {
            assert!(to(elsewhere).unwrap_err().contains("same host"), "{elsewhere}");
        }
        assert!(to("https://").unwrap_err().contains("not an address"));
    }
}
