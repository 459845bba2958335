//! What all requests share, where they go, and how Graph refuses them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header::RETRY_AFTER},
    middleware,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::json;

use super::{
    assertion::Certificate,
    batch,
    call::{Call, bad_request, no_content, ok, refuse},
    deleted, delta,
    desk::Desk,
    exchange, group_delta, groups, invitations, photo, subscriptions, token, users, writes,
};
use crate::stage::{
    Stage, Vendor, Wait,
    answer::{Answer, Refused},
    bearer::{Tokens, bearer},
    control,
    desk::{Locked, Registered},
    faults::{AnswerFault, Trouble},
    gate::gate,
    login::Login,
    register::Register,
};

/// The simulator's state.
pub(super) struct Shared {
    pub(super) stage: Stage,
    pub(super) desk: Locked<Desk>,
    pub(super) tokens: Tokens,
    /// The certificate that a program may show for tokens.
    pub(super) certificate: Option<Certificate>,
    pub(super) login: Login,
    pub(super) tenant: String,
    pub(super) url: String,
    /// Delta tokens of an earlier one are forgotten.
    pub(super) epoch: AtomicU64,
    /// How many licences of each kind there are.
    pub(super) seats: u32,
    /// How many users were shown, and groups among what changed.
    pub(super) entries: AtomicU64,
    /// Whether changes are told more than once.
    pub(super) replays: AtomicBool,
}

impl Shared {
    pub(super) fn next_epoch(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that so many were shown.
    pub(super) fn show(&self, entries: usize) {
        self.entries.fetch_add(entries as u64, Ordering::Relaxed);
    }

    /// An address under `/v1.0`.
    pub(super) fn link(&self, path: &str) -> String {
        format!("{}/v1.0/{path}", self.url)
    }

    /// The answer to anything but a batch or a new subscription.
    pub(super) fn answer(&self, call: &Call) -> Answer {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        let none = || Err(bad_request("Resource not found for the segment or method."));
        if call.method != Method::GET && call.trouble.answer == Some(AnswerFault::Acknowledged {}) {
            return Ok(acknowledged(call));
        }
        match (&call.method, path.as_slice()) {
            (&Method::GET, ["users", "delta" | "delta()" | "microsoft.graph.delta()"]) => {
                delta::changes(self, call)
            }
            (&Method::GET, ["users"]) => users::list(self, call),
            (&Method::POST, ["users"]) => writes::create(self, call),
            (&Method::GET, ["users", id]) => users::show(self, call, id),
            (&Method::PATCH, ["users", id]) => writes::update(self, call, id),
            (&Method::DELETE, ["users", id]) => writes::remove(self, id),
            (&Method::GET, ["users", id, "manager"]) => users::manager(self, call, id),
            (&Method::PUT, ["users", id, "manager", "$ref"]) => writes::set_manager(self, call, id),
            (&Method::DELETE, ["users", id, "manager", "$ref"]) => writes::remove_manager(self, id),
            (&Method::GET, ["users", id, "directReports"]) => users::reports(self, call, id),
            (&Method::GET, ["users", id, "mailboxSettings"]) => users::mailbox(self, id),
            (&Method::PATCH, ["users", id, "mailboxSettings"]) => writes::set_mailbox(self, call, id),
            (&Method::GET, ["users", id, "photo"]) => photo::show(self, id),
            (&Method::GET, ["users", id, "photo", "$value"]) => photo::bytes(self, id),
            (&Method::PUT | &Method::PATCH, ["users", id, "photo", "$value"]) => photo::set(self, call, id),
            (&Method::DELETE, ["users", id, "photo", "$value"]) => photo::remove(self, id),
            (&Method::POST, ["users", id, "revokeSignInSessions"]) => writes::revoke(self, id),
            (&Method::POST, ["users", id, "assignLicense"]) => writes::assign(self, call, id),
            (
                &Method::GET,
                ["users", id, "memberOf"] | ["users", id, "memberOf", "microsoft.graph.group"],
            ) => groups::of_user(self, call, id, false),
            (&Method::GET, ["users", id, "transitiveMemberOf"]) => groups::of_user(self, call, id, true),
            (&Method::POST, ["users", id, "getMemberGroups"]) => groups::ids_of_user(self, id),
            (&Method::POST, ["invitations"]) => invitations::invite(self, call),
            (&Method::GET, ["groups"]) => groups::list(self, call),
            (&Method::POST, ["groups"]) => groups::create(self, call),
            (&Method::GET, ["groups", "delta" | "delta()"]) => group_delta::changes(self, call),
            (&Method::GET, ["groups", id]) => groups::show(self, call, id),
            (&Method::PATCH, ["groups", id]) => groups::update(self, call, id),
            (&Method::DELETE, ["groups", id]) => groups::remove(self, id),
            (&Method::GET, ["groups", id, "members", cast @ ..]) => {
                groups::members(self, call, id, cast, false)
            }
            (&Method::GET, ["groups", id, "transitiveMembers", cast @ ..]) => {
                groups::members(self, call, id, cast, true)
            }
            (&Method::POST, ["groups", id, "members", "$ref"]) => groups::add_member(self, call, id),
            (&Method::DELETE, ["groups", id, "members", member, "$ref"]) => {
                groups::remove_member(self, id, member)
            }
            (&Method::GET, ["subscribedSkus"]) => Ok(users::skus(self)),
            (&Method::GET, ["organization"]) => Ok(users::organization(self)),
            (&Method::GET, ["directory", "deletedItems", "microsoft.graph.user"]) => {
                deleted::list(self, call)
            }
            (&Method::GET, ["directory", "deletedItems", id]) => deleted::show(self, call, id),
            (&Method::DELETE, ["directory", "deletedItems", id]) => deleted::purge(self, id),
            (&Method::POST, ["directory", "deletedItems", id, "restore"]) => deleted::restore(self, id),
            (&Method::GET, ["subscriptions"]) => Ok(subscriptions::list(self)),
            (&Method::GET, ["subscriptions", id]) => subscriptions::show(self, id),
            (&Method::PATCH, ["subscriptions", id]) => subscriptions::renew(self, call, id),
            (&Method::DELETE, ["subscriptions", id]) => subscriptions::remove(self, id),
            _ => none(),
        }
    }
}

impl Registered for Shared {
    fn act<T>(&self, act: impl FnOnce(&mut Register) -> T) -> T {
        self.desk.touch().act(act)
    }
}

impl Vendor for Shared {
    fn stage(&self) -> &Stage {
        &self.stage
    }

    fn enter(&self, request: &Request) -> Result<(), Refused> {
        if self.tokens.admits(request.headers()) {
            return Ok(());
        }
        match bearer(request.headers()) {
            Some(_) => Err(self.unauthorized().into()),
            None => Err(invalid_token("Access token is empty.").into()),
        }
    }

    fn unauthorized(&self) -> Response {
        invalid_token("Lifetime validation failed, the token is expired.")
    }

    fn server_error(&self) -> Response {
        refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "An error occurred while processing the request.",
        )
    }

    /// With a `Retry-After` that is not a whole number.
    fn too_many_requests(&self, wait: Wait) -> Response {
        let mut answer = refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            "Too many requests have been sent.",
        );
        let after = match wait {
            Wait::Limit(wait) => Some(format!("{:.3}", wait.as_secs_f64())),
            Wait::Fault(seconds) => seconds.map(|seconds| format!("{seconds}.128")),
        };
        let headers = answer.headers_mut();
        if let Some(after) = after.and_then(|after| HeaderValue::try_from(after).ok()) {
            headers.insert(RETRY_AFTER, after);
        }
        headers.insert(
            "x-ms-throttle-scope",
            HeaderValue::from_static("Tenant_Application/ReadWrite"),
        );
        headers.insert("x-ms-throttle-limit-percentage", HeaderValue::from_static("1.0"));
        answer
    }

    fn has_parts(&self, request: &Request) -> bool {
        request.uri().path() == "/v1.0/$batch"
    }

    fn leave(&self, answer: &mut Response) {
        let headers = answer.headers_mut();
        headers.insert("x-ms-resource-unit", HeaderValue::from_static("1"));
        headers.insert(
            "request-id",
            HeaderValue::from_static("00000000-0000-4000-a000-000000000000"),
        );
    }
}

/// A yes to which nothing was done.
fn acknowledged(call: &Call) -> Response {
    let creates = call.method == Method::POST && call.path == ["users"];
    if !creates {
        return no_content();
    }
    let mut answer = ok(&json!({ "id": "00000000-0000-4000-8000-000000000000" }));
    *answer.status_mut() = StatusCode::CREATED;
    answer
}

fn invalid_token(message: &str) -> Response {
    refuse(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
}

/// Everything there is to ask.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .fallback(take)
        .layer(middleware::from_fn_with_state(Arc::clone(shared), gate::<Shared>))
        .merge(token::routes())
        .merge(control::routes())
        .with_state(Arc::clone(shared))
}

async fn take(
    State(server): State<Arc<Shared>>,
    Extension(trouble): Extension<Trouble>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    if let Some(tenant) = exchange::tenant(target) {
        return exchange::command(&server, tenant, &method, &headers, &body, &trouble).into_response();
    }
    let Some(target) = target.strip_prefix("/v1.0/") else {
        return refuse(StatusCode::NOT_FOUND, "ResourceNotFound", "Invalid version.");
    };
    let call = Call::new(method, target, &headers, body, trouble);
    let is = |path: &str| call.method == Method::POST && call.path.len() == 1 && call.path[0] == path;
    let answer = if is("$batch") {
        batch::run(&server, &call).await
    } else if is("subscriptions") {
        subscriptions::create(&server, &call).await
    } else {
        server.answer(&call)
    };
    answer.into_response()
}
