//! How lists are asked for, and answered: `$select`, `$top`, `$skiptoken`, `$count`.

use axum::response::Response;
use serde_json::{Map, Value};

use super::{
    call::{Call, bad_request, ok},
    server::Shared,
};
use crate::stage::{
    answer::{Object, Refused},
    encoding::{base64_url, from_base64},
    faults::AnswerFault,
    page::{cut, strip},
};

const USUAL_TOP: usize = 100;
const MOST_TOP: usize = 999;

/// Which properties are wanted.
pub(super) struct Select {
    names: Vec<String>,
    usual: &'static [&'static str],
    kind: &'static str,
}

impl Select {
    pub(super) fn read(text: Option<&str>, usual: &'static [&'static str], kind: &'static str) -> Self {
        let names = text.unwrap_or_default().split(',').map(str::trim);
        Self {
            names: names.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            usual,
            kind,
        }
    }

    pub(super) fn of(call: &Call, usual: &'static [&'static str], kind: &'static str) -> Self {
        Self::read(call.asked.filled("$select"), usual, kind)
    }

    /// The record with the wanted properties. With none named, the usual ones.
    pub(super) fn pick(&self, mut record: Object, call: &Call) -> Result<Object, Refused> {
        strip(&mut record, &call.trouble);
        if self.names.is_empty() {
            record.retain(|name, _| self.usual.contains(&name.as_str()));
            return Ok(record);
        }
        let vanished = &call.trouble.faults.vanished_fields;
        let known = |name: &String| name == "*" || record.contains_key(name) || vanished.contains(name);
        if let Some(unknown) = self.names.iter().find(|name| !known(name)) {
            return Err(bad_request(&format!(
                "Could not find a property named '{unknown}' on type 'microsoft.graph.{}'.",
                self.kind
            )));
        }
        if !self.names.iter().any(|name| name == "*") {
            record.retain(|name, _| self.names.contains(name));
        }
        Ok(record)
    }

    /// What stands behind `$metadata#users`.
    pub(super) fn context(&self) -> String {
        match self.names.as_slice() {
            [] => String::new(),
            names => format!("({})", names.join(",")),
        }
    }
}

/// One page of a list of `all`, with a link to the next one.
pub(super) fn page<T>(
    server: &Shared,
    call: &Call,
    context: &str,
    all: &[T],
    render: impl Fn(&T) -> Result<Object, Refused>,
) -> Result<Response, Refused> {
    let top = match call.asked.filled("$top") {
        None => USUAL_TOP,
        Some(text) => text
            .parse()
            .ok()
            .filter(|top| (1..=MOST_TOP).contains(top))
            .ok_or_else(|| {
                bad_request(&format!(
                    "Invalid page size specified: '{text}'. Must be between 1 and {MOST_TOP} inclusive."
                ))
            })?,
    };
    if call.asked.get("$skip").is_some() {
        return Err(bad_request("'$skip' is not supported by the service."));
    }
    let skip = match call.asked.filled("$skiptoken") {
        None => 0,
        Some(token) => read_token(token).ok_or_else(|| bad_request("Invalid skip token."))?,
    };
    let page = cut(all.len(), skip, top, &call.trouble);
    let mut body = Map::new();
    body.insert(
        "@odata.context".to_owned(),
        server.link(&format!("$metadata#{context}")).into(),
    );
    if call.eventual && call.asked.is_true("$count") && skip == 0 {
        body.insert("@odata.count".to_owned(), page.total.into());
    }
    if skip.saturating_add(top) < all.len() && call.trouble.answer != Some(AnswerFault::Empty {}) {
        let others = call.asked.without(&["$skiptoken"]);
        let joint = if others.is_empty() { "" } else { "&" };
        let token = base64_url(format!("skip:{}", skip + top).as_bytes());
        let address = format!("{}?{others}{joint}$skiptoken={token}", call.path.join("/"));
        body.insert("@odata.nextLink".to_owned(), server.link(&address).into());
    }
    let rows = all.get(page.places).unwrap_or_default().iter();
    let rows: Result<Vec<Value>, Refused> = rows.map(|row| Ok(Value::Object(render(row)?))).collect();
    body.insert("value".to_owned(), rows?.into());
    Ok(ok(&body.into()))
}

fn read_token(token: &str) -> Option<usize> {
    let bytes = from_base64(token)?;
    std::str::from_utf8(&bytes)
        .ok()?
        .strip_prefix("skip:")?
        .parse()
        .ok()
}
