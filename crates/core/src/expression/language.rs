//! Languages as in RFC 5646, from the ways in which people and applications write them.

use super::function::{Function, function};
use super::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[function!(
    "language(text)",
    "A language as a tag (RFC 5646) in its usual case, from a tag written in any way or the name of a language, in \
     English or in itself. No value when it is neither.",
    "{{ 'DE_at' | language }}, {{ 'Français' | language }}" => "de-AT, fr",
    |call| {
        let text = call.text(0)?;
        Ok(tag(&text).map_or_else(Value::nothing, Value::from))
    }
)];

/// The longest tag that is taken, in bytes (RFC 5646, section 4.4.1, asks for 35).
const LONGEST: usize = 64;

/// Names of languages, in small letters without accents.
#[rustfmt::skip]
const NAMES: [(&str, &str); 80] = [
    ("arabic", "ar"), ("bulgarian", "bg"), ("catala", "ca"), ("catalan", "ca"), ("cestina", "cs"), ("chinese", "zh"),
    ("croatian", "hr"), ("czech", "cs"), ("danish", "da"), ("dansk", "da"), ("deutsch", "de"), ("dutch", "nl"),
    ("eesti", "et"), ("english", "en"), ("englisch", "en"), ("espanol", "es"), ("estonian", "et"), ("euskara", "eu"),
    ("farsi", "fa"), ("finnish", "fi"), ("flemish", "nl-BE"), ("francais", "fr"), ("franzosisch", "fr"),
    ("french", "fr"), ("gaeilge", "ga"), ("german", "de"), ("greek", "el"), ("hebrew", "he"), ("hindi", "hi"),
    ("hrvatski", "hr"), ("hungarian", "hu"), ("icelandic", "is"), ("indonesian", "id"), ("irish", "ga"),
    ("italian", "it"), ("italiano", "it"), ("japanese", "ja"), ("korean", "ko"), ("latvian", "lv"),
    ("latviesu", "lv"), ("lietuviu", "lt"), ("lithuanian", "lt"), ("magyar", "hu"), ("malay", "ms"),
    ("maltese", "mt"), ("nederlands", "nl"), ("norsk", "nb"), ("norwegian", "nb"), ("persian", "fa"),
    ("polish", "pl"), ("polski", "pl"), ("portuguese", "pt"), ("portugues", "pt"), ("romana", "ro"),
    ("romanian", "ro"), ("russian", "ru"), ("serbian", "sr"), ("simplified chinese", "zh-Hans"),
    ("slovak", "sk"), ("slovencina", "sk"), ("slovenian", "sl"), ("slovenscina", "sl"), ("spanish", "es"),
    ("srpski", "sr"), ("suomi", "fi"), ("svenska", "sv"), ("swedish", "sv"), ("tagalog", "tl"), ("tamil", "ta"),
    ("thai", "th"), ("traditional chinese", "zh-Hant"), ("turkce", "tr"), ("turkish", "tr"), ("ukrainian", "uk"),
    ("us english", "en-US"), ("british english", "en-GB"), ("vietnamese", "vi"), ("tieng viet", "vi"),
    ("welsh", "cy"), ("cymraeg", "cy"),
];

fn tag(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let plain = any_ascii::any_ascii(text).to_lowercase();
    if let Some((_, tag)) = NAMES.iter().find(|(name, _)| *name == plain) {
        return Some((*tag).to_owned());
    }
    // `de_AT.UTF-8` and `de_AT@euro` are how machines write it.
    let bare = text.split(['.', '@']).next().unwrap_or_default();
    let mut parts = Vec::new();
    let mut single = false;
    for (at, part) in bare.split(['-', '_']).enumerate() {
        let fits = (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_word = part.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !fits || (at == 0 && !(is_word && (2..=3).contains(&part.len()))) {
            return None;
        }
        // The usual case (section 2.1.1): after a single letter everything is small.
        parts.push(match part.len() {
            2 if at > 0 && !single && is_word => part.to_ascii_uppercase(),
            4 if at > 0 && !single && is_word => {
                let lower = part.to_ascii_lowercase();
                let (first, rest) = lower.split_at(1);
                format!("{}{rest}", first.to_ascii_uppercase())
            }
            _ => part.to_ascii_lowercase(),
        });
        single |= part.len() == 1;
    }
    if single && parts.last().is_some_and(|last| last.len() == 1) {
        return None;
    }
    Some(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn tags_are_written_in_their_usual_case_and_what_is_none_is_none() {
        for (text, expected) in [
            ("en-us", Some("en-US")),
            ("EN", Some("en")),
            ("zh_hant_tw", Some("zh-Hant-TW")),
            ("sl-ROZAJ-biske", Some("sl-rozaj-biske")),
            ("es-419", Some("es-419")),
            ("en-ca-X-CA", Some("en-CA-x-ca")),
            ("de_DE.UTF-8", Some("de-DE")),
            ("ca_ES@valencia", Some("ca-ES")),
            ("Türkçe", Some("tr")),
            ("US English", Some("en-US")),
            ("", None),
            ("x", None),
            ("klingonese", None),
            ("de--AT", None),
            ("de-x", None),
            ("1e", None),
        ] {
            assert_eq!(tag(text).as_deref(), expected, "{text}");
        }
    }
}
