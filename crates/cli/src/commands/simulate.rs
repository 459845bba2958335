//! `tenure simulate`: a vendor's API on this machine.

use tenure_sim::{
    Atera, AteraOptions, Graph, GraphOptions, HaloItsm, HaloItsmOptions, JumpCloud, JumpCloudOptions,
    Population, Remote, RemoteOptions,
};

use crate::arguments::{Simulate, Vendor};
use crate::exit::Exit;

/// The client that the simulated vendors with OAuth 2.0 know.
const CLIENT: &str = "client";

pub async fn simulate(simulate: Simulate) -> super::Result {
    let Simulate {
        vendor,
        people,
        port,
        seed,
        key,
    } = simulate;
    let population = Population::generate(people, seed);
    match vendor {
        Vendor::Jumpcloud => {
            let mut options = JumpCloudOptions::new(population, &key);
            (options.port, options.client_secret) = (port, key.clone());
            let simulator = JumpCloud::start(options).await?;
            let url = simulator.url();
            let ways = [
                format!("x-api-key: {key}"),
                format!("client {CLIENT}, secret {key}, tokens at {url}/oauth2/token"),
            ];
            tell(
                people,
                &format!("{url}/api/systemusers"),
                &url,
                &ways,
                "jumpcloud",
            );
            simulator.serve_until(interrupted()).await?;
        }
        Vendor::Atera => {
            let mut options = AteraOptions::new(population, &key);
            options.port = port;
            let simulator = Atera::start(options).await?;
            let url = simulator.url();
            let ways = [
                format!("X-API-KEY: {key}"),
                format!("Authorization: Bearer {key}"),
            ];
            tell(people, &format!("{url}/api/v3/contacts"), &url, &ways, "atera");
            simulator.serve_until(interrupted()).await?;
        }
        Vendor::Haloitsm => {
            let mut options = HaloItsmOptions::new(population, CLIENT, &key);
            options.port = port;
            let simulator = HaloItsm::start(options).await?;
            let url = simulator.url();
            let ways = [
                format!("client {CLIENT}, secret {key}, tokens at {url}/auth/token"),
                format!("login page at {url}/auth/authorize; discovery at {url}/api/authinfo"),
            ];
            tell(
                people,
                &format!("{url}/api/Users"),
                &url,
                &ways,
                &format!("haloitsm --authorization client_credentials --set client_id={CLIENT}"),
            );
            simulator.serve_until(interrupted()).await?;
        }
        Vendor::Remote => {
            // Live tokens of this vendor are known by how they begin.
            let token = format!("ra_live_{key}");
            let mut options = RemoteOptions::new(population, &token);
            (options.port, options.client_id, options.client_secret) = (port, CLIENT.to_owned(), key.clone());
            let simulator = Remote::start(options).await?;
            let url = simulator.url();
            let ways = [
                format!("Authorization: Bearer {token}"),
                format!("client {CLIENT}, secret {key}, tokens at {url}/auth/oauth2/token"),
            ];
            tell(
                people,
                &format!("{url}/v1/employments"),
                &url,
                &ways,
                &format!("remote --set client_id={CLIENT}"),
            );
            simulator.serve_until(interrupted()).await?;
        }
        Vendor::Graph => {
            let mut options = GraphOptions::new(population, "tenant", CLIENT, &key);
            options.port = port;
            let simulator = Graph::start(options).await?;
            let url = simulator.url();
            let ways = [format!(
                "client {CLIENT}, secret {key}, tokens at {url}/tenant/oauth2/v2.0/token"
            )];
            tell(
                people,
                &format!("{url}/v1.0/users"),
                &url,
                &ways,
                &format!("entra-id --set login_url={url} --set tenant=tenant --set client_id={CLIENT}"),
            );
            simulator.serve_until(interrupted()).await?;
        }
    }
    Ok(Exit::Done)
}

/// Says where it is, who is let in, how documents for it are made from the catalog (`used` is the entry with its
/// settings but the address), and how to play with it.
fn tell(people: usize, endpoint: &str, url: &str, ways_in: &[String], used: &str) {
    println!("{people} simulated people at {endpoint}");
    for way in ways_in {
        println!("  {way}");
    }
    println!("  tenure catalog use {used} --set url={url}       documents that use it");
    println!("  curl -X POST {url}/_sim/day       a day of hires, moves and leavers");
    println!("  curl -X POST {url}/_sim/faults -d '{{\"answer\":{{\"serverError\":{{}}}},\"times\":2}}'");
    println!("Other documents that use it need `private_addresses: allowed`. Ctrl-C ends it.");
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals it goes on until it is killed.
        std::future::pending::<()>().await;
    }
}
