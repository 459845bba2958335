//! `proxyAddresses`: every address at which mail for an account arrives, with its kind before it. The one with `SMTP:`
//! is the primary, which the account writes from; those with `smtp:` are others of it.

use crate::attribute::{AttributeIndex, AttributeName};
use crate::expression::{Evaluated, Format, Scope};

use super::steps::evaluate;

/// The attribute.
pub(crate) const PROXY_ADDRESSES: &str = "proxyAddresses";
const PRIMARY: &str = "SMTP:";
const OTHER: &str = "smtp:";

/// The mail addresses that a template gives.
#[derive(Debug)]
pub struct Addresses {
    /// Where they are kept.
    pub attribute: AttributeIndex,
    /// Where the account's own address is, which is one of them.
    pub mail: AttributeIndex,
    /// What they are made of, the primary first.
    pub formats: Vec<Format>,
}

impl Addresses {
    /// The addresses of one account, without their kind. A format whose input has no value gives none.
    pub(super) fn of(&self, scope: &Scope<'_>, origin: &str) -> Result<Vec<String>, String> {
        let mut all: Vec<String> = Vec::new();
        for format in &self.formats {
            let Evaluated::Values(values) = evaluate(format, scope, origin)? else {
                continue;
            };
            for value in values {
                let address = bare(value.trim());
                if !is_address(address) {
                    return Err(format!("{origin}: `{value}` is no mail address"));
                }
                if !all.iter().any(|known| known.eq_ignore_ascii_case(address)) {
                    all.push(address.to_owned());
                }
            }
        }
        Ok(all)
    }
}

/// An address of [`PROXY_ADDRESSES`] without its kind.
pub(super) fn bare(value: &str) -> &str {
    value.split_once(':').map_or(value, |(_, address)| address)
}

/// Whether the values of an attribute are such addresses.
pub(super) fn is_proxy(attribute: &AttributeName) -> bool {
    attribute.is(PROXY_ADDRESSES)
}

/// The primary among values of [`PROXY_ADDRESSES`].
pub(super) fn primary_of(values: &[String]) -> Option<&str> {
    values.iter().find_map(|value| value.strip_prefix(PRIMARY))
}

/// Values with these addresses among them, of which the first is the primary. None is taken away: what was the primary
/// stays as another.
pub(super) fn with_primary(mut values: Vec<String>, addresses: &[String]) -> Vec<String> {
    let Some((primary, others)) = addresses.split_first() else {
        return values;
    };
    if primary_of(&values).is_none_or(|known| !known.eq_ignore_ascii_case(primary)) {
        values.retain(|value| !is_mail(value, primary));
        for value in &mut values {
            if let Some(address) = value.strip_prefix(PRIMARY) {
                *value = format!("{OTHER}{address}");
            }
        }
        values.insert(0, format!("{PRIMARY}{primary}"));
    }
    with_others(values, others)
}

/// Values with these addresses among them, without changing which is the primary.
pub(super) fn with_others(mut values: Vec<String>, others: &[String]) -> Vec<String> {
    for other in others {
        if !values.iter().any(|value| is_mail(value, other)) {
            values.push(format!("{OTHER}{other}"));
        }
    }
    values
}

/// Values without this address. When it was the primary, the one before stays that.
pub(super) fn without(mut values: Vec<String>, address: &str, before: &[String]) -> Vec<String> {
    let was_primary = primary_of(&values).is_some_and(|primary| primary.eq_ignore_ascii_case(address));
    values.retain(|value| !is_mail(value, address));
    match primary_of(before).filter(|_| was_primary) {
        Some(primary) => with_primary(values, &[primary.to_owned()]),
        None => values,
    }
}

fn is_mail(value: &str, address: &str) -> bool {
    value
        .split_once(':')
        .is_some_and(|(kind, known)| kind.eq_ignore_ascii_case("smtp") && known.eq_ignore_ascii_case(address))
}

fn is_address(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@' || c == ':');
    text.split_once('@')
        .is_some_and(|(local, domain)| plain(local) && plain(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn another_primary_leaves_the_old_one_as_another() {
        let before = texts(&[
            "X500:/o=Corp/cn=ada",
            "SMTP:ada@corp.test",
            "smtp:a.byrne@corp.test",
        ]);
        let after = with_primary(before, &texts(&["A.Byrne@corp.test", "ab@corp.test"]));
        assert_eq!(
            after,
            [
                "SMTP:A.Byrne@corp.test",
                "X500:/o=Corp/cn=ada",
                "smtp:ada@corp.test",
                "smtp:ab@corp.test"
            ]
        );
        assert_eq!(
            with_primary(after.clone(), &texts(&["a.byrne@corp.test", "AB@corp.test"])),
            after
        );
    }

    #[test]
    fn nothing_to_give_takes_nothing_away() {
        let before = texts(&["SMTP:ada@corp.test"]);
        assert_eq!(with_primary(before.clone(), &[]), before);
        assert_eq!(with_others(before.clone(), &texts(&["ADA@corp.test"])), before);
    }

    #[test]
    fn without_the_new_primary_all_is_as_before() {
        let before = texts(&["SMTP:ada@corp.test", "smtp:ab@corp.test"]);
        let after = with_primary(before.clone(), &texts(&["byrne@corp.test"]));
        assert_eq!(without(after, "Byrne@corp.test", &before), before);
    }

    #[test]
    fn addresses_have_two_sides() {
        assert!(is_address("ada@corp.test"));
        for wrong in ["ada", "@corp.test", "ada@", "a b@corp.test", "a@b@c", ""] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }
}
