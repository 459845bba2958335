//! Licences: which the tenant has, by name and id, how many are left, and which an account has.

use serde_json::Value as Json;
use tenure_core::cloud::{Licence, LicencePath};
use tenure_core::outcome::Refusal;

use super::Microsoft365;
use super::fault::{Fault, refusal};
use super::service::Consistency;
use super::user::User;

/// What the tenant has bought.
#[derive(Clone, Debug, Default)]
pub(super) struct Subscriptions(Vec<Subscription>);

/// One product.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) name: String,
    consumed: u64,
    enabled: u64,
}

impl Subscription {
    /// How many are in use, in words.
    fn usage(&self) -> String {
        format!("{} of {} are in use", self.consumed, self.enabled)
    }

    /// Why none can be assigned.
    pub(super) fn used_up(&self) -> Refusal {
        refusal(
            format!("no licence `{}` is left: {}", self.name, self.usage()),
            "Buy more, or take some back from accounts that no longer need them.",
        )
    }
}

impl Subscriptions {
    /// The subscription that a name or id means.
    pub(super) fn find(&self, text: &str) -> Result<&Subscription, Refusal> {
        let is =
            |one: &&Subscription| one.name.eq_ignore_ascii_case(text) || one.id.eq_ignore_ascii_case(text);
        self.0.iter().find(is).ok_or_else(|| {
            let known: Vec<String> = self.0.iter().map(|one| format!("`{}`", one.name)).collect();
            let hint = match known.as_slice() {
                [] => "The tenant has no subscriptions, or the application may not read them.".to_owned(),
                known => format!("The tenant has {}.", known.join(", ")),
            };
            refusal(format!("the tenant has no licence `{text}`"), &hint)
        })
    }

    /// The first of these of which none is left.
    pub(super) fn used_up(&self, ids: &[String]) -> Option<&Subscription> {
        let used = |one: &&Subscription| one.consumed >= one.enabled && ids.contains(&one.id);
        self.0.iter().find(used)
    }

    /// The licences of a user.
    pub(super) fn of(&self, user: &User) -> Vec<Licence> {
        let list = |name: &str| {
            user.record[name]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default()
        };
        let held = list("assignedLicenses")
            .iter()
            .filter_map(|one| one["skuId"].as_str());
        held.map(|id| {
            let paths = || {
                list("licenseAssignmentStates")
                    .iter()
                    .filter(|state| state["skuId"] == id)
            };
            let is_direct = |state: &Json| state["assignedByGroup"].is_null();
            let by = if paths().next().is_some() && !paths().any(is_direct) {
                LicencePath::Group
            } else {
                LicencePath::Direct
            };
            let known = self.0.iter().find(|one| one.id.eq_ignore_ascii_case(id));
            Licence {
                name: known.map_or_else(|| id.to_owned(), |one| one.name.clone()),
                id: id.to_owned(),
                by,
            }
        })
        .collect()
    }
}

impl Microsoft365 {
    /// What the tenant has bought, as it is now.
    pub(super) async fn read_subscriptions(&self) -> Result<Subscriptions, Fault> {
        let mut all = Vec::new();
        self.service
            .list("/subscribedSkus", Consistency::Usual, |sku| {
                let text = |name: &str| sku[name].as_str().map(str::to_owned);
                let (Some(id), Some(name)) = (text("skuId"), text("skuPartNumber")) else {
                    return;
                };
                let prepaid = |name: &str| sku["prepaidUnits"][name].as_u64().unwrap_or_default();
                all.push(Subscription {
                    id,
                    name,
                    consumed: sku["consumedUnits"].as_u64().unwrap_or_default(),
                    // Those in the time of grace after the end of a subscription can still be assigned.
                    enabled: prepaid("enabled") + prepaid("warning"),
                });
            })
            .await?;
        Ok(Subscriptions(all))
    }
}
