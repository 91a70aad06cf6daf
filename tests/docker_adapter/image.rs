use commander::adapters::docker::{ImageError, Instance};
use commander::domain::digest::Digest;

use crate::docker_image::{TestEngine, request};
use crate::{NO_DRAIN, image, running, spec};

#[tokio::test]
async fn hc_22_a_moved_tag_changes_nothing_for_an_image_that_is_meant_by_its_id() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let tag = engine.tag("v1");
    let good = image(&engine, "v1", "LABEL release=good").await;
    let other = image(&engine, "other", "LABEL release=other").await;
    docker.tag_image(&good, &engine.tag("kept")).await.unwrap();

    docker.tag_image(&other, &tag).await.unwrap();
    assert_eq!(docker.find_image(&tag).await.unwrap().unwrap().id, other);
    assert!(docker.has_image(&good).await.unwrap());

    let id = running(docker, &spec(&engine, "shop", &good)).await;
    assert_eq!(docker.inspect(&id).await.unwrap().image_id, good);

    // The tag is not ours to take any more: it points to other bytes.
    docker.untag_image(&tag, &good).await.unwrap();
    assert_eq!(docker.find_image(&tag).await.unwrap().unwrap().id, other);
}

#[tokio::test]
async fn tags_come_and_go_and_twice_is_harmless() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let id = image(&engine, "v1", "LABEL a=b").await;
    let tag = engine.tag("again");
    for _ in 0..2 {
        docker.tag_image(&id, &tag).await.unwrap();
    }
    for _ in 0..2 {
        docker.untag_image(&tag, &id).await.unwrap();
    }
    assert_eq!(docker.find_image(&tag).await.unwrap(), None);
    assert!(docker.has_image(&id).await.unwrap());
    for _ in 0..2 {
        docker.remove_image(&id).await.unwrap();
    }
    assert!(!docker.has_image(&id).await.unwrap());
}

#[tokio::test]
async fn hc_32_an_image_that_a_stopped_container_needs_is_not_removed() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let id = image(&engine, "v1", "LABEL a=b").await;
    let container = running(docker, &spec(&engine, "standby", &id)).await;
    docker.stop(&container, NO_DRAIN).await.unwrap();
    let removed = docker.remove_image(&id).await.unwrap_err();
    assert!(matches!(removed, ImageError::InUse { .. }), "{removed}");
    let untagged = docker
        .untag_image(&engine.tag("v1"), &id)
        .await
        .unwrap_err();
    assert!(matches!(untagged, ImageError::InUse { .. }), "{untagged}");
    assert!(docker.has_image(&id).await.unwrap());
}

#[tokio::test]
async fn hc_32_an_image_that_is_not_ours_is_not_removed() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let foreign = docker.remove_image(&engine.base_id).await.unwrap_err();
    assert!(matches!(foreign, ImageError::NotOurs { .. }), "{foreign}");

    let ours = image(&engine, "v1", "LABEL a=b").await;
    let other = Instance::parse("test-other").unwrap();
    let other = commander::adapters::docker::Docker::connect(None, other).unwrap();
    let refused = other.remove_image(&ours).await.unwrap_err();
    assert!(matches!(refused, ImageError::NotOurs { .. }), "{refused}");
}

#[tokio::test]
async fn hc_21_an_image_that_was_pruned_is_seen_to_be_gone() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let id = image(&engine, "v1", "LABEL a=b").await;
    assert!(docker.has_image(&id).await.unwrap());
    assert_eq!(request("DELETE", &format!("/images/{id}"), b"").0, 200);
    assert!(!docker.has_image(&id).await.unwrap());
    let missing = docker.inspect_image(&id).await.unwrap_err();
    assert!(matches!(missing, ImageError::Missing { .. }), "{missing}");
    let untaggable = docker.tag_image(&id, &engine.tag("v2")).await.unwrap_err();
    assert!(
        matches!(untaggable, ImageError::Missing { .. }),
        "{untaggable}"
    );
    let never = Digest::of_bytes(b"never built");
    assert!(!docker.has_image(&never).await.unwrap());
}
