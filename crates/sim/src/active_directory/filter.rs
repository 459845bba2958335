//! Whether an object passes a search filter (RFC 4511, section 4.5.1.7), by the rules of Active Directory.

use ldap3_proto::proto::{LdapFilter, LdapSubstringFilter};

use super::domain::Domain;
use super::names;
use super::object::{Life, Object};
use super::view::View;

/// The rule that all bits of a number are set (MS-ADTS 3.1.1.3.4.4.1).
const BIT_AND: &str = "1.2.840.113556.1.4.803";
/// The rule that one bit of a number is set.
const BIT_OR: &str = "1.2.840.113556.1.4.804";

/// Whether the object passes.
pub(super) fn passes(filter: &LdapFilter, object: &Object, domain: &Domain, view: &View) -> bool {
    let all = |filter: &LdapFilter| passes(filter, object, domain, view);
    match filter {
        LdapFilter::And(parts) => parts.iter().all(all),
        LdapFilter::Or(parts) => parts.iter().any(all),
        LdapFilter::Not(part) => !all(part),
        LdapFilter::Present(name) => has_any(name, object),
        LdapFilter::Equality(name, wanted) | LdapFilter::Approx(name, wanted) => {
            equals(name, wanted, object, domain, view)
        }
        LdapFilter::GreaterOrEqual(name, bound) => {
            compare(name, bound, object, view).is_some_and(std::cmp::Ordering::is_ge)
        }
        LdapFilter::LessOrEqual(name, bound) => {
            compare(name, bound, object, view).is_some_and(std::cmp::Ordering::is_le)
        }
        LdapFilter::Substring(name, parts) => texts(name, object).any(|text| contains(&text, parts)),
        LdapFilter::Extensible(rule) => {
            let (Some(name), Ok(bits)) = (&rule.type_, rule.match_value.parse::<i64>()) else {
                return false;
            };
            let number = texts(name, object).find_map(|text| text.parse::<i64>().ok());
            number.is_some_and(|number| match rule.matching_rule.as_deref() {
                Some(BIT_AND) => number & bits == bits,
                Some(BIT_OR) => number & bits != 0,
                _ => false,
            })
        }
    }
}

fn has_any(name: &str, object: &Object) -> bool {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "objectguid" | "usnchanged" | "usncreated" | "whenchanged" | "distinguishedname" => true,
        "isdeleted" => object.life == Life::Deleted,
        "memberof" => !object.groups.is_empty(),
        "member" => object.members.iter().any(|member| member.is_member),
        name => !object.get(name).is_empty(),
    }
}

fn equals(name: &str, wanted: &str, object: &Object, domain: &Domain, view: &View) -> bool {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "isdeleted" => (object.life == Life::Deleted) == wanted.eq_ignore_ascii_case("true"),
        "distinguishedname" => object.key == names::key(wanted),
        "memberof" => domain
            .living(wanted)
            .is_ok_and(|group| object.groups.contains(&group)),
        "member" => domain.find(wanted).is_some_and(|who| {
            object
                .members
                .iter()
                .any(|member| member.who == who && member.is_member)
        }),
        "usnchanged" | "usncreated" => {
            compare(&name, wanted, object, view).is_some_and(std::cmp::Ordering::is_eq)
        }
        // By the name of the class, or by its name in the schema.
        "objectcategory" => object.text("objectcategory").is_some_and(|category| {
            names::own_name(category).eq_ignore_ascii_case(wanted)
                || names::key(category) == names::key(wanted)
        }),
        name => object
            .get(name)
            .iter()
            .any(|value| String::from_utf8_lossy(value).to_lowercase() == wanted.to_lowercase()),
    }
}

fn texts<'a>(name: &str, object: &'a Object) -> impl Iterator<Item = String> + 'a {
    object
        .get(&name.to_ascii_lowercase())
        .iter()
        .map(|value| String::from_utf8_lossy(value).to_lowercase())
}

/// How a value compares with the bound: numbers as numbers, everything else as text.
fn compare(name: &str, bound: &str, object: &Object, view: &View) -> Option<std::cmp::Ordering> {
    let number = match name.to_ascii_lowercase().as_str() {
        "usnchanged" => Some(view.usn(object.changed)),
        "usncreated" => Some(view.usn(object.created)),
        _ => None,
    };
    if let Some(number) = number {
        return Some(number.cmp(&bound.parse().ok()?));
    }
    let text = texts(name, object).next()?;
    match (text.parse::<i64>(), bound.parse::<i64>()) {
        (Ok(number), Ok(bound)) => Some(number.cmp(&bound)),
        _ => Some(text.as_str().cmp(&bound.to_lowercase())),
    }
}

fn contains(text: &str, parts: &LdapSubstringFilter) -> bool {
    let lower = |part: &Option<String>| part.as_ref().map(|part| part.to_lowercase());
    let mut rest = text;
    if let Some(first) = lower(&parts.initial) {
        let Some(after) = rest.strip_prefix(first.as_str()) else {
            return false;
        };
        rest = after;
    }
    if let Some(last) = lower(&parts.final_) {
        let Some(before) = rest.strip_suffix(last.as_str()) else {
            return false;
        };
        rest = before;
    }
    for part in &parts.any {
        let part = part.to_lowercase();
        let Some(at) = rest.find(&part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}
