//! Telephone numbers as in ITU-T E.164, from the ways in which people write them. Only lengths and prefixes are
//! looked at; whether a number is in use nobody can tell from its digits.

use crate::shape::shape;

/// Country (ISO 3166-1), calling code, and what is dialled before a national number.
#[rustfmt::skip]
const COUNTRIES: [(&str, &str, &str); 74] = [
    ("AE", "971", "0"), ("AR", "54", "0"), ("AT", "43", "0"), ("AU", "61", "0"), ("BA", "387", "0"),
    ("BE", "32", "0"), ("BG", "359", "0"), ("BR", "55", "0"), ("CA", "1", "1"), ("CH", "41", "0"),
    ("CL", "56", ""), ("CN", "86", "0"), ("CO", "57", ""), ("CY", "357", ""), ("CZ", "420", ""),
    ("DE", "49", "0"), ("DK", "45", ""), ("EE", "372", ""), ("EG", "20", "0"), ("ES", "34", ""),
    ("FI", "358", "0"), ("FR", "33", "0"), ("GB", "44", "0"), ("GR", "30", ""), ("HK", "852", ""),
    ("HR", "385", "0"), ("HU", "36", "06"), ("ID", "62", "0"), ("IE", "353", "0"), ("IL", "972", "0"),
    ("IN", "91", "0"), ("IS", "354", ""), ("IT", "39", ""), ("JP", "81", "0"), ("KE", "254", "0"),
    ("KR", "82", "0"), ("LI", "423", ""), ("LT", "370", "0"), ("LU", "352", ""), ("LV", "371", ""),
    ("MA", "212", "0"), ("MC", "377", ""), ("MD", "373", "0"), ("ME", "382", "0"), ("MK", "389", "0"),
    ("MT", "356", ""), ("MX", "52", ""), ("MY", "60", "0"), ("NG", "234", "0"), ("NL", "31", "0"),
    ("NO", "47", ""), ("NZ", "64", "0"), ("PE", "51", "0"), ("PH", "63", "0"), ("PK", "92", "0"),
    ("PL", "48", ""), ("PT", "351", ""), ("RO", "40", "0"), ("RS", "381", "0"), ("RU", "7", "8"),
    ("SA", "966", "0"), ("SE", "46", "0"), ("SG", "65", ""), ("SI", "386", "0"), ("SK", "421", "0"),
    ("TH", "66", "0"), ("TN", "216", ""), ("TR", "90", "0"), ("TW", "886", "0"), ("UA", "380", "0"),
    ("US", "1", "1"), ("VN", "84", "0"), ("XK", "383", "0"), ("ZA", "27", "0"),
];

/// The fewest digits of a number with its country, and the most (E.164, section 6).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The number with its country. `country` is where a number without one is.
pub(super) fn international(text: &str, country: &str) -> Result<String, String> {
    // An extension is not part of the number.
    let lower = text.to_lowercase();
    let number = lower.split(['x', 'e', ';', '#']).next().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_digit() || c.is_whitespace() || "+-–()./\u{a0}".contains(c);
    if let Some(other) = number.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "cannot read `{}` as a telephone number: `{}` is no part of one",
            shape(text),
            shape(&other.to_string())
        ));
    }
    let abroad = number.trim_start().trim_start_matches('(').starts_with('+');
    // `+49 (0)30 …` shows what is dialled at home.
    let number = if abroad {
        number.replace("(0)", "")
    } else {
        number.to_owned()
    };
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let full = if abroad {
        digits
    } else if let Some(rest) = digits.strip_prefix("00") {
        rest.to_owned()
    } else {
        let country = country.trim();
        if country.is_empty() {
            return Err(format!(
                "cannot tell the country of `{}`; give it, as in `phone('DE')`",
                shape(text)
            ));
        }
        let known = COUNTRIES
            .iter()
            .find(|(name, ..)| name.eq_ignore_ascii_case(country));
        let Some((_, code, trunk)) = known else {
            return Err(format!(
                "does not know the calling code of the country `{country}`; write numbers there with `+`"
            ));
        };
        format!("{code}{}", digits.strip_prefix(trunk).unwrap_or(&digits))
    };
    if !DIGITS.contains(&full.len()) || full.starts_with('0') {
        return Err(format!(
            "cannot read `{}` as a telephone number: it has {} digits with its country",
            shape(text),
            full.len()
        ));
    }
    Ok(format!("+{full}"))
}
