//! What goes away between two questions to the engine.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};

use commander::adapters::docker::{ContainerId, Docker};

use crate::docker_image::{TestEngine, request};
use crate::marks::{process, stop_under};
use crate::proxy::Proxy;
use crate::{running, spec};

/// Somebody removes a container once it was found and is about to be stopped: what is gone does not
/// run.
#[tokio::test]
async fn what_is_removed_between_being_found_and_being_stopped_needs_no_stopping() {
    let engine = TestEngine::start();
    let doomed = Arc::new(OnceLock::<ContainerId>::new());
    let said = Arc::new(AtomicU16::new(0));
    let proxy = Proxy::telling({
        let (doomed, said) = (Arc::clone(&doomed), Arc::clone(&said));
        Arc::new(move |sent| {
            let asked = String::from_utf8_lossy(sent);
            if asked.starts_with("POST ") && asked.contains("/stop?") {
                let path = format!("/containers/{}?force=true", doomed.get().unwrap());
                said.store(request("DELETE", &path, b"").0, Ordering::SeqCst);
            }
        })
    });
    let docker = Docker::connect(Some(&proxy.host()), engine.instance.clone()).unwrap();
    let spec = spec(&engine, "shop", &engine.base_id);
    doomed.set(running(&docker, &spec).await).unwrap();
    let world = process(docker.clone());
    let (stopped, _) = stop_under(&world, spec.name.as_str()).await;
    assert_eq!(said.load(Ordering::SeqCst), 204, "it was there until then");
    assert_eq!(stopped, Ok(()));
    assert_eq!(docker.find(&spec.name).await.unwrap(), None);
}
