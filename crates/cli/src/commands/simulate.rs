//! `tenure simulate`: a vendor's API on this machine.

use tenure_sim::{JumpCloud, JumpCloudOptions, Population};

use crate::arguments::Simulate;
use crate::exit::Exit;

pub async fn simulate(simulate: Simulate) -> super::Result {
    let Simulate::Jumpcloud {
        people,
        port,
        seed,
        key,
    } = simulate;
    let population = Population::generate(people, seed);
    let options = JumpCloudOptions {
        population,
        api_key: key.clone(),
        org_id: None,
        port,
        rate_limit: None,
    };
    let simulator = JumpCloud::start(options).await?;
    let url = simulator.url();
    println!("A simulated JumpCloud with {people} people answers at {url}/api/systemusers");
    println!("  x-api-key: {key}");
    println!("  curl -H 'x-api-key: {key}' '{url}/api/systemusers?limit=2&sort=_id'");
    println!("  curl -X POST {url}/_sim/day          a day of hires, moves and leavers");
    println!(
        "  curl -X POST {url}/_sim/faults -d '{{\"answer\":\"unauthorized\"}}'   and other ways to misbehave"
    );
    println!("Documents that use it need `private_addresses: allowed`. Ctrl-C ends it.");
    let ended = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without signals it goes on until it is killed.
            std::future::pending::<()>().await;
        }
    };
    simulator.serve_until(ended).await?;
    Ok(Exit::Done)
}
