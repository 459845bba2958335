//! `kind: fixture`, with the data source whose mapping it tries.

use super::super::error::one_of;
use super::super::fixture::Fixture;
use super::super::set::Kind;
use super::super::tree::join;
use super::Checker;
use crate::attribute::AttributeName;
use crate::fixture::{FILE, moment};

impl Checker<'_> {
    pub(super) fn fixture(&mut self, fixture: &Fixture) {
        self.reference("source", Kind::DataSource, &fixture.source);
        if let Some(now) = &fixture.now
            && moment(now).is_none()
        {
            let hint = "write `2026-11-30T09:00:00Z` or `2026-11-30`";
            self.error("now", format!("`{now}`, which is no moment"), hint);
        }
        let expect = &fixture.expect;
        for name in expect.attributes.keys() {
            let path = join("expect.attributes", name.as_str());
            self.attribute(&path, name);
            if expect.absent.contains(name) {
                let found = format!("`{name}`, which `absent` names too");
                self.error(&path, found, "keep one of them");
            }
        }
        if expect.key.is_none()
            && expect.attributes.is_empty()
            && expect.absent.is_empty()
            && expect.lifecycle.is_none()
            && expect.problems.is_empty()
        {
            let hint = "write for example `expect: { attributes: { sn: Lovelace } }`";
            self.warning("expect", "nothing that is expected", hint);
        }
        if fixture.records.is_empty() {
            self.error("records", "no record", "write `records: { ENDPOINT: { … } }`");
        }
        let documents = self.documents;
        let Some(source) = documents.data_source(&fixture.source) else {
            return;
        };
        let endpoints: Vec<&str> = match &source.file {
            Some(_) => vec![FILE],
            None => source
                .endpoints
                .iter()
                .map(|used| used.endpoint.as_str())
                .collect(),
        };
        for name in fixture
            .records
            .keys()
            .filter(|name| !endpoints.contains(&name.as_str()))
        {
            let found = format!("`{name}`, which data_source `{}` does not fetch", source.name);
            let hint = one_of(name, endpoints.iter().copied());
            self.error(&join("records", name), found, hint);
        }
        let mapped: Vec<&AttributeName> = source.attributes.keys().collect();
        let given = format!("data_source `{}`", source.name);
        for name in expect.attributes.keys() {
            let path = join("expect.attributes", name.as_str());
            self.known(&path, [name.as_str()], &mapped, &given);
        }
    }
}
