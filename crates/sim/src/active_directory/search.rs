//! Searches: where they look, what they show, and the thousand entries after which they stop.

use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{LdapResult, LdapSearchRequest, LdapSearchResultEntry, LdapSearchScope};

use super::domain::Domain;
use super::filter::passes;
use super::object::{Life, Object, guid_text};
use super::refusal::{Refusal, size_limit, success};
use super::view::{View, attribute};
use super::{Rights, names};

/// Entries that are given at once, with pages or without (`MaxPageSize`).
pub(super) const MOST_ENTRIES: usize = 1000;
/// Show deleted objects too.
const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

/// What a search comes to.
pub(super) struct Found {
    pub(super) entries: Vec<LdapSearchResultEntry>,
    pub(super) result: LdapResult,
    pub(super) controls: Vec<LdapControl>,
}

impl Found {
    fn entry(entry: LdapSearchResultEntry) -> Self {
        Self {
            entries: vec![entry],
            result: success(),
            controls: Vec::new(),
        }
    }
}

/// Whether deleted objects are asked for.
pub(super) fn shows_deleted(controls: &[LdapControl]) -> bool {
    controls.iter().any(|control| match control {
        LdapControl::ShowDeleted { .. } => true,
        LdapControl::Unknown { oid, .. } => oid == SHOW_DELETED,
        _ => false,
    })
}

/// What the server says of itself to everybody (MS-ADTS 3.1.1.3.2).
pub(super) fn root(request: &LdapSearchRequest, domain: &Domain, view: &View) -> Found {
    let configuration = format!("CN=Configuration,{}", domain.base);
    let text = |name: &str, values: &[&str]| {
        attribute(
            name,
            values.iter().map(|value| value.as_bytes().to_vec()).collect(),
        )
    };
    let usn = view.usn(domain.usn).to_string();
    let all = vec![
        text("defaultNamingContext", &[&domain.base]),
        text("rootDomainNamingContext", &[&domain.base]),
        text("configurationNamingContext", &[&configuration]),
        text("schemaNamingContext", &[&format!("CN=Schema,{configuration}")]),
        text("namingContexts", &[&domain.base, &configuration]),
        text("dsServiceName", &[&settings_name(domain, view)]),
        text("highestCommittedUSN", &[&usn]),
        text("supportedLDAPVersion", &["3", "2"]),
        text(
            "supportedControl",
            &["1.2.840.113556.1.4.319", SHOW_DELETED, "1.2.840.113556.1.4.841"],
        ),
        text(
            "supportedCapabilities",
            &["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"],
        ),
        text("isGlobalCatalogReady", &["TRUE"]),
    ];
    let wanted = |name: &str| {
        request.attrs.is_empty()
            || request
                .attrs
                .iter()
                .any(|asked| asked == "*" || asked == "+" || asked.eq_ignore_ascii_case(name))
    };
    Found::entry(LdapSearchResultEntry {
        dn: String::new(),
        attributes: all.into_iter().filter(|one| wanted(&one.atype)).collect(),
    })
}

/// The object that stands for this controller in the configuration.
fn settings_name(domain: &Domain, view: &View) -> String {
    format!(
        "CN=NTDS Settings,CN=DC-{},CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{}",
        guid_text(view.invocation),
        domain.base
    )
}

/// A search below the root.
pub(super) fn search(
    request: &LdapSearchRequest,
    controls: &[LdapControl],
    domain: &Domain,
    view: &View,
    rights: Rights,
) -> Result<Found, Refusal> {
    let settings = settings_name(domain, view);
    if names::key(&request.base) == names::key(&settings) {
        let attributes = vec![
            attribute("invocationId", vec![view.invocation.to_vec()]),
            attribute("objectClass", vec![b"top".to_vec(), b"nTDSDSA".to_vec()]),
        ];
        return Ok(Found::entry(LdapSearchResultEntry {
            dn: settings,
            attributes,
        }));
    }
    let with_deleted = shows_deleted(controls);
    let visible = |object: &Object| is_visible(object, domain, with_deleted, rights);
    let base = domain
        .find(&request.base)
        .and_then(|number| domain.get(number))
        .filter(|object| visible(object))
        .ok_or_else(|| Refusal::no_object(&domain.base))?;
    let in_scope = |object: &Object| match request.scope {
        LdapSearchScope::Base => object.key == base.key,
        LdapSearchScope::OneLevel => {
            names::parent(&object.dn).is_some_and(|parent| names::key(parent) == base.key)
        }
        LdapSearchScope::Subtree => names::is_within(&object.key, &base.key),
        LdapSearchScope::Children => object.key != base.key && names::is_within(&object.key, &base.key),
    };
    let page = controls.iter().find_map(|control| match control {
        LdapControl::SimplePagedResults { size, cookie } => Some((*size, cookie)),
        _ => None,
    });
    let after = match page {
        Some((_, cookie)) if !cookie.is_empty() => read_cookie(cookie, view)?,
        _ => 0,
    };
    let most = match page {
        Some((size, _)) => usize::try_from(size).unwrap_or(0).clamp(1, MOST_ENTRIES),
        None => MOST_ENTRIES,
    };
    let passing = |object: &&Object| {
        in_scope(object) && visible(object) && passes(&request.filter, object, domain, view)
    };
    let mut found: Vec<(u64, &Object)> = if request.scope == LdapSearchScope::Base {
        Some(base)
            .filter(passing)
            .map(|object| (0, object))
            .into_iter()
            .collect()
    } else {
        domain
            .objects
            .range(after + 1..)
            .filter(|(_, object)| passing(object))
            .take(most + 1)
            .map(|(number, object)| (*number, object))
            .collect()
    };
    let more = found.len() > most;
    found.truncate(most);
    let last = found.last().map_or(0, |(number, _)| *number);
    let entries = found
        .into_iter()
        .map(|(_, object)| LdapSearchResultEntry {
            dn: object.dn.clone(),
            attributes: view.show(object, &request.attrs, domain),
        })
        .collect();
    let controls = page
        .map(|_| LdapControl::SimplePagedResults {
            size: 0,
            cookie: if more {
                write_cookie(last, view)
            } else {
                Vec::new()
            },
        })
        .into_iter()
        .collect();
    let result = if more && page.is_none() {
        size_limit()
    } else {
        success()
    };
    Ok(Found {
        entries,
        result,
        controls,
    })
}

/// Whether an object is shown at all.
fn is_visible(object: &Object, domain: &Domain, with_deleted: bool, rights: Rights) -> bool {
    let among_deleted = names::is_within(&object.key, &names::key(&domain.deleted_objects()));
    if !among_deleted && object.life == Life::Living {
        return true;
    }
    with_deleted && matches!(rights, Rights::All | Rights::SeesDeleted)
}

fn write_cookie(last: u64, view: &View) -> Vec<u8> {
    [last.to_be_bytes(), view.ahead.to_be_bytes()].concat()
}

/// A place in a search, which only the controller knows that gave it.
fn read_cookie(cookie: &[u8], view: &View) -> Result<u64, Refusal> {
    let (last, ahead) = cookie.split_at_checked(8).ok_or_else(Refusal::bad_control)?;
    let number = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes);
    match (number(last), number(ahead)) {
        (Ok(last), Ok(ahead)) if ahead == view.ahead => Ok(last),
        _ => Err(Refusal::bad_control()),
    }
}

/// How a refused search ends.
pub(super) fn refused(refusal: Refusal) -> Found {
    Found {
        entries: Vec::new(),
        result: refusal.result(),
        controls: Vec::new(),
    }
}
