//! Changes since a cookie (MS-ADTS 3.1.1.3.4.1.3): what was changed of each object, deleted ones too, in pages.

use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{LdapPartialAttribute, LdapSearchRequest, LdapSearchResultEntry};

use super::domain::Domain;
use super::filter::passes;
use super::object::{Life, Object};
use super::refusal::{Refusal, success};
use super::search::Found;
use super::view::{View, attribute};
use super::{Rights, names};

/// Only the members that came or went are told, not all of a group that changed.
const INCREMENTAL_VALUES: i64 = 0x8000_0000;

/// What was asked for.
pub(super) struct Question<'a> {
    pub(super) request: &'a LdapSearchRequest,
    pub(super) flags: i64,
    pub(super) cookie: &'a [u8],
    /// Objects that are looked at for one page.
    pub(super) page: usize,
}

/// One page of changes.
pub(super) fn changes(
    question: &Question<'_>,
    domain: &Domain,
    view: &View,
    rights: Rights,
) -> Result<Found, Refusal> {
    if rights != Rights::All {
        return Err(Refusal::no_replication());
    }
    if names::key(&question.request.base) != names::key(&domain.base) {
        return Err(Refusal::no_right());
    }
    let since = read_cookie(question.cookie, view)?;
    let mut changed: Vec<&Object> = domain
        .objects
        .values()
        .filter(|object| object.changed > since)
        .collect();
    changed.sort_unstable_by_key(|object| object.changed);
    let more = changed.len() > question.page;
    changed.truncate(question.page);
    let reached = match changed.last() {
        Some(last) if more => last.changed,
        _ => domain.usn,
    };
    let entries = changed
        .into_iter()
        .filter(|object| passes(&question.request.filter, object, domain, view))
        .filter_map(|object| delta(object, question, since, domain, view))
        .collect();
    let cookie = [view.invocation.to_vec(), reached.to_be_bytes().to_vec()].concat();
    Ok(Found {
        entries,
        result: success(),
        controls: vec![LdapControl::AdDirsync {
            flags: i64::from(more),
            max_bytes: 0,
            cookie: Some(cookie),
        }],
    })
}

/// What changed of an object among what was asked for; none when it is nothing.
fn delta(
    object: &Object,
    question: &Question<'_>,
    since: u64,
    domain: &Domain,
    view: &View,
) -> Option<LdapSearchResultEntry> {
    let wanted = |name: &str| {
        question.request.attrs.is_empty()
            || question
                .request
                .attrs
                .iter()
                .any(|asked| asked == "*" || asked.eq_ignore_ascii_case(name))
    };
    let mut shown: Vec<LdapPartialAttribute> = object
        .values
        .values()
        .filter(|values| values.usn > since && wanted(&values.name))
        .map(|values| attribute(&values.name, values.values.clone()))
        .collect();
    if wanted("member") {
        shown.extend(members(object, question.flags, since, domain, view));
    }
    let is_deleted = object.life == Life::Deleted;
    if shown.is_empty() && !is_deleted {
        return None;
    }
    if is_deleted && !shown.iter().any(|one| one.atype == "isDeleted") {
        shown.push(attribute("isDeleted", vec![b"TRUE".to_vec()]));
    }
    shown.extend(view.one(object, "objectGUID", domain));
    shown.extend(view.one(object, "instanceType", domain));
    Some(LdapSearchResultEntry {
        dn: object.dn.clone(),
        attributes: shown,
    })
}

fn members(
    object: &Object,
    flags: i64,
    since: u64,
    domain: &Domain,
    view: &View,
) -> Vec<LdapPartialAttribute> {
    let changed: Vec<_> = object
        .members
        .iter()
        .filter(|member| member.usn > since)
        .collect();
    if changed.is_empty() {
        return Vec::new();
    }
    if flags & INCREMENTAL_VALUES == 0 {
        return vec![
            view.one(object, "member", domain)
                .unwrap_or_else(|| attribute("member", Vec::new())),
        ];
    }
    [(true, "member;range=1-1"), (false, "member;range=0-0")]
        .into_iter()
        .filter_map(|(is_member, name)| {
            let dns: Vec<Vec<u8>> = changed
                .iter()
                .filter(|member| member.is_member == is_member)
                .filter_map(|member| domain.get(member.who))
                .map(|member| member.dn.clone().into_bytes())
                .collect();
            (!dns.is_empty()).then(|| attribute(name, dns))
        })
        .collect()
}

/// The last change that a cookie knows of. One of another controller begins at the start, which is what Windows does
/// for the changes that it cannot tell to be known.
fn read_cookie(cookie: &[u8], view: &View) -> Result<u64, Refusal> {
    if cookie.is_empty() {
        return Ok(0);
    }
    let (invocation, usn) = cookie.split_at_checked(16).ok_or_else(Refusal::bad_control)?;
    let usn = usn.try_into().map_err(|_| Refusal::bad_control())?;
    Ok(if invocation == view.invocation {
        u64::from_be_bytes(usn)
    } else {
        0
    })
}
