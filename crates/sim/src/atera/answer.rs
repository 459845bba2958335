//! Answers and refusals in Atera's shape.

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::stage::{
    answer::{Object, Refused, json_with},
    faults::Trouble,
    page::{Page, cut},
    parameters::Parameters,
};

/// The page size when none is asked for, and the largest one.
const USUAL_ITEMS: usize = 20;
const MOST_ITEMS: usize = 50;

/// A refusal as RFC 7807 has it.
pub(super) fn problem(status: StatusCode, detail: &str) -> Refused {
    let body = json!({
        "type": format!("https://httpstatuses.io/{}", status.as_u16()),
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
        "instance": null,
    });
    let headers = [(CONTENT_TYPE, "application/problem+json; charset=utf-8")];
    (status, headers, body.to_string()).into_response().into()
}

pub(super) fn bad_request(detail: &str) -> Refused {
    problem(StatusCode::BAD_REQUEST, detail)
}

pub(super) fn not_found(what: &str) -> Refused {
    problem(StatusCode::NOT_FOUND, &format!("{what} was not found."))
}

/// What a write is answered with.
pub(super) fn done(status: StatusCode, id: u64) -> Response {
    json_with(status, &json!({ "ActionID": id.to_string() }))
}

/// Reads a body that must be a JSON object.
pub(super) fn read(body: &[u8]) -> Result<Object, Refused> {
    serde_json::from_slice(body)
        .map_err(|error| bad_request(&format!("The body is not a JSON object: {error}")))
}

/// Reads a number out of an address; what is none finds nothing.
pub(super) fn id(text: &str, what: &str) -> Result<u64, Refused> {
    text.parse().map_err(|_| not_found(what))
}

/// Which page of how many items is wanted.
pub(super) struct Paging {
    page: usize,
    items: usize,
}

impl Paging {
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Refused> {
        let number = |name: &str, usual: usize, most: usize| match parameters.filled(name).map(str::parse) {
            None => Ok(usual),
            Some(Ok(number)) if (1..=most).contains(&number) => Ok(number),
            Some(_) if most == usize::MAX => Err(bad_request(&format!("{name} must be 1 or more."))),
            Some(_) => Err(bad_request(&format!("{name} must be between 1 and {most}."))),
        };
        Ok(Self {
            page: number("page", 1, usize::MAX)?,
            items: number("itemsInPage", USUAL_ITEMS, MOST_ITEMS)?,
        })
    }

    pub(super) fn cut(&self, count: usize, trouble: &Trouble) -> Page {
        cut(
            count,
            (self.page - 1).saturating_mul(self.items),
            self.items,
            trouble,
        )
    }

    /// The answer with these items, which are on that page of the list at `address`.
    pub(super) fn envelope(
        &self,
        items: &[Value],
        total: usize,
        address: &str,
        asked: &Parameters,
    ) -> Response {
        let pages = total.div_ceil(self.items);
        let others = asked.without(&["page", "itemsInPage"]);
        let link = |page: usize| {
            let joint = if others.is_empty() { "" } else { "&" };
            format!("{address}?page={page}&itemsInPage={}{joint}{others}", self.items)
        };
        let next = if self.page < pages {
            link(self.page + 1)
        } else {
            String::new()
        };
        let previous = if self.page > 1 {
            link(self.page - 1)
        } else {
            String::new()
        };
        json_with(
            StatusCode::OK,
            &json!({
                "items": items,
                "page": self.page,
                "itemsInPage": self.items,
                "totalItemCount": total,
                "totalPages": pages,
                "prevLink": previous,
                "nextLink": next,
            }),
        )
    }
}
