//! One connection: messages in, messages out, and the faults in between.

use std::io;
use std::sync::atomic::Ordering;

use bytes::BytesMut;
use ldap3_proto::LdapCodec;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapBindResponse, LdapExtendedResponse, LdapMsg, LdapOp, LdapResult,
    LdapSearchRequest, LdapSearchScope,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_util::codec::{Decoder as _, Encoder as _};

use super::controller::{ControllerFaults, Shared};
use super::dirsync::{Question, changes};
use super::lock;
use super::refusal::{Refusal, success};
use super::search::{Found, refused, root, search};
use super::writes::{DISABLED, Line};
use super::{Rights, domain::Domain};

/// The largest request taken. A group of 3000 members fits.
const LARGEST: usize = 8 << 20;
const DEPTH: usize = 64;

/// What becomes of the connection after an answer.
#[derive(PartialEq, Eq)]
enum Then {
    GoOn,
    /// It is cut without a word.
    Cut,
}

/// Serves a connection until its end.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    line: Line,
    shared: &Shared,
) -> io::Result<()> {
    let mut stopped = shared.stopping.subscribe();
    let mut session = Session {
        shared,
        line,
        rights: None,
        codec: LdapCodec::new(Some(LARGEST), Some(DEPTH)),
    };
    let serving = session.serve(stream);
    tokio::select! {
        served = serving => served,
        _ = stopped.wait_for(|stopped| *stopped) => Ok(()),
    }
}

struct Session<'a> {
    shared: &'a Shared,
    line: Line,
    /// Of whoever has signed in.
    rights: Option<Rights>,
    codec: LdapCodec,
}

impl Session<'_> {
    async fn serve(&mut self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let (mut received, mut out) = (BytesMut::new(), BytesMut::new());
        loop {
            while let Some(message) = self.codec.decode(&mut received)? {
                let delay = self.shared.faults(|faults| faults.delay);
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                let then = self.answer(message, &mut out)?;
                if then == Then::Cut {
                    stream.write_all(&out).await?;
                    stream.flush().await?;
                    return Ok(());
                }
                if out.len() > 1 << 20 {
                    stream.write_all(&out.split()).await?;
                }
            }
            stream.write_all(&out.split()).await?;
            stream.flush().await?;
            if stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
        }
    }

    fn answer(&mut self, message: LdapMsg, out: &mut BytesMut) -> io::Result<Then> {
        let LdapMsg { msgid, op, ctrl } = message;
        let fault = match &op {
            LdapOp::UnbindRequest => return Ok(Then::Cut),
            LdapOp::AbandonRequest(_) => return Ok(Then::GoOn),
            LdapOp::BindRequest(_) => None,
            _ => self.shared.faults(standing_in_the_way),
        };
        if let LdapOp::SearchRequest(request) = &op {
            let found = match fault {
                Some(refusal) => refused(refusal),
                None => self.search(request, &ctrl),
            };
            return self.send_found(msgid, found, out);
        }
        let (op, then) = match op {
            LdapOp::BindRequest(request) => {
                let res = self.bind(&request).map_or_else(Refusal::result, |()| success());
                (
                    LdapOp::BindResponse(LdapBindResponse { res, saslcreds: None }),
                    Then::GoOn,
                )
            }
            LdapOp::AddRequest(request) => {
                let line = self.line;
                let (result, then) = self.write(fault, |domain| domain.add(&request, line));
                (LdapOp::AddResponse(result), then)
            }
            LdapOp::ModifyRequest(request) => {
                let line = self.line;
                let (result, then) = self.write(fault, |domain| domain.modify(&request, line));
                (LdapOp::ModifyResponse(result), then)
            }
            LdapOp::DelRequest(dn) => {
                let (result, then) = self.write(fault, |domain| domain.delete(&dn));
                (LdapOp::DelResponse(result), then)
            }
            LdapOp::ModifyDNRequest(request) => {
                let (result, then) = self.write(fault, |domain| domain.move_to(&request));
                (LdapOp::ModifyDNResponse(result), then)
            }
            _ => {
                let response = LdapExtendedResponse {
                    res: Refusal::protocol().result(),
                    name: None,
                    value: None,
                };
                (LdapOp::ExtendedResponse(response), Then::GoOn)
            }
        };
        if then == Then::GoOn {
            self.send(msgid, op, Vec::new(), out)?;
        }
        Ok(then)
    }

    fn send(&mut self, msgid: i32, op: LdapOp, ctrl: Vec<LdapControl>, out: &mut BytesMut) -> io::Result<()> {
        self.codec.encode(LdapMsg { msgid, op, ctrl }, out)
    }

    fn send_found(&mut self, msgid: i32, found: Found, out: &mut BytesMut) -> io::Result<Then> {
        for entry in found.entries {
            let before = out.len();
            self.send(msgid, LdapOp::SearchResultEntry(entry), Vec::new(), out)?;
            if self.shared.faults(|faults| is_cut(&mut faults.cuts)) {
                out.truncate(before + (out.len() - before) / 2);
                return Ok(Then::Cut);
            }
            self.shared.entries.fetch_add(1, Ordering::Relaxed);
        }
        self.send(msgid, LdapOp::SearchResultDone(found.result), found.controls, out)?;
        Ok(Then::GoOn)
    }

    fn bind(&mut self, request: &LdapBindRequest) -> Result<(), Refusal> {
        self.rights = None;
        let LdapBindCred::Simple(password) = &request.cred else {
            return Err(Refusal::credentials("57"));
        };
        if request.dn.is_empty() && password.is_empty() {
            return Ok(());
        }
        let accounts = &self.shared.options.accounts;
        let service = accounts
            .iter()
            .find(|account| account.name.eq_ignore_ascii_case(&request.dn));
        let rights = match service {
            Some(account) if account.password == *password => account.rights,
            Some(_) => return Err(Refusal::credentials("52e")),
            None => may_sign_in(&lock(&self.shared.domain), &request.dn, password)?,
        };
        self.rights = Some(rights);
        self.shared.binds.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn search(&self, request: &LdapSearchRequest, controls: &[LdapControl]) -> Found {
        let domain = lock(&self.shared.domain);
        let view = &self.shared.view;
        if request.base.is_empty() && request.scope == LdapSearchScope::Base {
            return root(request, &domain, view);
        }
        let Some(rights) = self.rights else {
            return refused(Refusal::anonymous());
        };
        let dirsync = controls.iter().find_map(|control| match control {
            LdapControl::AdDirsync { flags, cookie, .. } => Some((*flags, cookie)),
            _ => None,
        });
        let found = match dirsync {
            Some((flags, cookie)) => {
                let question = Question {
                    request,
                    flags,
                    cookie: cookie.as_deref().unwrap_or_default(),
                    page: self.shared.options.changes_page,
                };
                changes(&question, &domain, view, rights)
            }
            None => search(request, controls, &domain, view, rights),
        };
        found.unwrap_or_else(refused)
    }

    fn write(
        &self,
        fault: Option<Refusal>,
        act: impl FnOnce(&mut Domain) -> Result<(), Refusal>,
    ) -> (LdapResult, Then) {
        let refusal = match self.rights {
            None => Some(Refusal::anonymous()),
            Some(Rights::All | Rights::SeesDeleted | Rights::Plain) => fault,
        };
        if let Some(refusal) = refusal {
            return (refusal.result(), Then::GoOn);
        }
        // One write after the other, so that the last one before the end is the last one.
        self.shared.faults(|faults| {
            if faults.gone_after_writes == Some(0) {
                return (success(), Then::Cut);
            }
            if faults.lost_writes > 0 {
                faults.lost_writes -= 1;
                return (success(), Then::GoOn);
            }
            if let Err(refusal) = act(&mut lock(&self.shared.domain)) {
                return (refusal.result(), Then::GoOn);
            }
            self.shared.writes.fetch_add(1, Ordering::Relaxed);
            faults.gone_after_writes = faults.gone_after_writes.map(|left| left.saturating_sub(1));
            if faults.gone_after_writes == Some(0) {
                self.shared.stopping.send_replace(true);
                return (success(), Then::Cut);
            }
            (success(), Then::GoOn)
        })
    }
}

/// Whether this entry is the one to be cut.
fn is_cut(cuts: &mut Vec<u64>) -> bool {
    let Some(first) = cuts.first_mut() else {
        return false;
    };
    *first = first.saturating_sub(1);
    let now = *first == 0;
    if now {
        cuts.remove(0);
    }
    now
}

/// What a request is answered with in place of being carried out.
fn standing_in_the_way(faults: &mut ControllerFaults) -> Option<Refusal> {
    if faults.busy > 0 {
        faults.busy -= 1;
        return Some(Refusal::busy());
    }
    if faults.unavailable > 0 {
        faults.unavailable -= 1;
        return Some(Refusal::unavailable());
    }
    None
}

/// Whether a user of the domain may sign in.
fn may_sign_in(domain: &Domain, name: &str, password: &str) -> Result<Rights, Refusal> {
    let lower = name.to_lowercase();
    let login = lower.rsplit_once('\\').map_or(lower.as_str(), |(_, login)| login);
    let number = domain
        .principals
        .get(&lower)
        .or_else(|| domain.logins.get(login))
        .copied()
        .or_else(|| domain.living(name).ok());
    let object = number
        .and_then(|number| domain.get(number))
        .filter(|object| object.password.as_deref() == Some(password))
        .ok_or_else(|| Refusal::credentials("52e"))?;
    if object.control() & DISABLED != 0 {
        return Err(Refusal::credentials("533"));
    }
    if object.text("pwdlastset") == Some("0") {
        return Err(Refusal::credentials("773"));
    }
    Ok(Rights::Plain)
}
