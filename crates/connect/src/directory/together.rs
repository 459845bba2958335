//! Many objects in one search. A server that finds objects as quickly by the attribute with their name (`entryDN`, RFC
//! 5020) as by the base of a search is spared a search for each, which costs it several times what the objects cost.

use std::collections::HashMap;

use tenure_core::dn::Dn;

use super::machinery::LdapAccounts;
use super::rules::Rules;
use crate::ldap::{
    Connection, Entry, Filter, LdapError, Operation, Reply, Request, ResultCode, Scope, Search,
};

/// Objects that are searched for at once.
const TOGETHER: usize = 128;
/// For fewer than these it is not worth asking what the server can do.
const FEWEST: usize = 8;
/// The attribute with an object's name.
const NAME: &str = "entryDN";

impl<R: Rules> LdapAccounts<R> {
    /// Carries out requests, as many at once as the connection takes, and answers in their order. Searches for single
    /// objects are put together where the server is good at that; what does not come that way is asked for by itself.
    pub(super) async fn ask_each(
        &self,
        connection: &mut Connection,
        requests: Vec<Request>,
    ) -> Vec<Result<Reply, LdapError>> {
        let named = requests.iter().enumerate();
        let named: Vec<Wanted<'_>> = named
            .filter_map(|(at, request)| Wanted::of(at, request))
            .collect();
        if named.len() < FEWEST || !self.finds_by_name(connection).await {
            return connection.exchange(requests).await;
        }
        let searches = named.chunks(TOGETHER).map(|wanted| self.search_for(wanted));
        let found = connection.exchange(searches.map(Request::from).collect()).await;
        let mut replies: Vec<Option<Reply>> = vec![None; requests.len()];
        for (wanted, reply) in named.chunks(TOGETHER).zip(found) {
            let Some(Reply { result, entries }) = reply
                .ok()
                .filter(|reply| reply.result.code == ResultCode::SUCCESS)
            else {
                continue;
            };
            let mut entries: HashMap<String, Entry> = entries
                .into_iter()
                .map(|entry| (Dn::from_server(&entry.dn).normalised(), entry))
                .collect();
            for one in wanted {
                if let (Some(reply), Some(entry)) = (replies.get_mut(one.at), entries.remove(&one.name)) {
                    *reply = Some(Reply {
                        result: result.clone(),
                        entries: vec![entry],
                    });
                }
            }
        }
        let left = requests.into_iter().zip(&replies);
        let left = left.filter(|(_, reply)| reply.is_none());
        let left = left.map(|(request, _)| request).collect();
        let mut others = connection.exchange(left).await.into_iter();
        replies
            .into_iter()
            .filter_map(|reply| reply.map(Ok).or_else(|| others.next()))
            .collect()
    }

    fn search_for(&self, wanted: &[Wanted<'_>]) -> Search {
        let mut attributes: Vec<String> = Vec::new();
        for name in wanted.iter().flat_map(|one| &one.search.attributes) {
            if !attributes.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                attributes.push(name.clone());
            }
        }
        let named = wanted.iter();
        Search {
            base: self.base.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: Filter::Or(named.map(|one| Filter::equal(NAME, &one.search.base)).collect()),
            attributes,
        }
    }
}

/// A search for one object by its name, nothing else asked.
struct Wanted<'r> {
    /// Where it stands among the requests.
    at: usize,
    search: &'r Search,
    name: String,
}

impl<'r> Wanted<'r> {
    fn of(at: usize, request: &'r Request) -> Option<Self> {
        let Operation::Search(search) = &request.operation else {
            return None;
        };
        let is_plain = search.scope == Scope::Base
            && search.filter == Filter::everything()
            && !search.attributes.is_empty()
            && request.controls.is_empty();
        is_plain.then(|| Self {
            at,
            search,
            name: Dn::from_server(&search.base).normalised(),
        })
    }
}
