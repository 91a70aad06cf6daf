use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use commander::adapters::docker::{
    BuildError, BuildRequest, BuiltImage, ImageReference, Labels, PullFailure,
};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::CancellationToken;

use crate::docker_image::{TestEngine, escaped, request as ask_engine, tar};
use crate::{eventually, ignore, no_args, shop};

pub fn request(engine: &TestEngine, tag: &str, dockerfile: &str) -> BuildRequest {
    BuildRequest {
        dockerfile_path: "Dockerfile".to_owned(),
        dockerfile: dockerfile.to_owned(),
        build_args: no_args(),
        tags: vec![engine.tag(tag)],
        labels: shop(),
        time_limit: Duration::from_secs(120),
        free_bytes_needed: 0,
    }
}

pub async fn built(
    engine: &TestEngine,
    request: &BuildRequest,
    files: &[(&str, &[u8])],
) -> Result<BuiltImage, BuildError> {
    let mut all = vec![("Dockerfile", request.dockerfile.as_bytes())];
    all.extend(files);
    let context = io::Cursor::new(tar(&all));
    let cancel = CancellationToken::new();
    engine
        .docker
        .build(request, context, &mut ignore, &cancel)
        .await
}

#[tokio::test]
async fn an_image_is_built_with_its_labels_tags_and_base() {
    let engine = TestEngine::start();
    let dockerfile = format!(
        "ARG BASE={}\nFROM $BASE\nCOPY greeting /greeting\nRUN cat /greeting; printf 'no end'\n\
         EXPOSE 8080\nHEALTHCHECK CMD true\n",
        engine.base
    );
    let mut request = request(&engine, "1", &dockerfile);
    request.tags.push(engine.tag("latest"));
    let mut lines = Vec::new();
    let context = tar(&[
        ("Dockerfile", dockerfile.as_bytes()),
        ("greeting", b"hello from the context\n"),
    ]);
    let cancel = CancellationToken::new();
    let mut sink = |line: commander::adapters::docker::LogLine| lines.push(line.text);
    let built = engine
        .docker
        .build(&request, io::Cursor::new(context), &mut sink, &cancel)
        .await
        .unwrap();

    assert_eq!(built.base_images.len(), 1);
    assert_eq!(built.base_images[0].reference, engine.base);
    assert_eq!(built.base_images[0].image_id, engine.base_id);
    let step = lines
        .iter()
        .position(|line| line.ends_with("COPY greeting /greeting"));
    let output = lines
        .iter()
        .position(|line| line == "hello from the context");
    assert!(step.unwrap() < output.unwrap(), "{lines:#?}");
    assert_eq!(built.log_tail.last(), lines.last());

    let image = engine.docker.inspect_image(&built.image_id).await.unwrap();
    assert_eq!(image.exposed_ports, [8080]);
    assert!(image.has_healthcheck && image.is_ours);
    assert_eq!(image.tags.len(), 2);
    assert!(image.size_bytes > 0 && image.created.is_some());
    assert_eq!(
        image.architecture,
        std::env::consts::ARCH.replace("x86_64", "amd64")
    );
}

#[tokio::test]
async fn the_same_sources_give_the_same_image() {
    let engine = TestEngine::start();
    let dockerfile = format!("FROM {}\nCOPY a /a\nRUN true\n", engine.base);
    let request = request(&engine, "same", &dockerfile);
    let one = built(&engine, &request, &[("a", b"a")]).await.unwrap();
    let two = built(&engine, &request, &[("a", b"a")]).await.unwrap();
    let other = built(&engine, &request, &[("a", b"b")]).await.unwrap();
    assert_eq!(one.image_id, two.image_id);
    assert_ne!(one.image_id, other.image_id);
}

#[tokio::test]
async fn a_failing_run_is_told_with_the_lines_before_it() {
    let engine = TestEngine::start();
    let dockerfile = format!("FROM {}\nRUN echo the reason >&2; exit 3\n", engine.base);
    let request = request(&engine, "fails", &dockerfile);
    let error = built(&engine, &request, &[]).await.unwrap_err();
    let BuildError::Failed { message, log_tail } = error else {
        panic!("{error}");
    };
    assert!(message.contains('3'), "{message}");
    assert!(
        log_tail.iter().any(|line| line.contains("the reason")),
        "{log_tail:#?}"
    );
    let container = format!(r#"{{"ancestor":["{}"]}}"#, engine.base_id);
    let left = format!("/containers/json?all=1&filters={}", escaped(&container));
    assert_eq!(ask_engine("GET", &left, b"").1.trim(), "[]");
}

#[tokio::test]
async fn a_mistake_in_the_dockerfile_is_told_apart_from_a_failing_step() {
    let engine = TestEngine::start();
    for (dockerfile, says) in [
        (format!("FROM {}\nRUNN true\n", engine.base), "RUNN"),
        ("RUN true\n".to_owned(), "FROM"),
        ("ARG BASE\nFROM $BASE\n".to_owned(), "$BASE"),
        (
            format!(
                "FROM {}\nRUN --mount=type=cache,target=/c true\nRUNN x\n",
                engine.base
            ),
            "RUNN",
        ),
    ] {
        let request = request(&engine, "mistake", &dockerfile);
        let error = built(&engine, &request, &[]).await.unwrap_err();
        assert!(
            matches!(error, BuildError::Dockerfile { .. }),
            "{dockerfile}: {error}"
        );
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_dockerfile_that_is_not_in_the_context_is_a_mistake() {
    let engine = TestEngine::start();
    let mut request = request(&engine, "nowhere", &format!("FROM {}\n", engine.base));
    request.dockerfile_path = "deploy/Dockerfile".to_owned();
    let error = built(&engine, &request, &[]).await.unwrap_err();
    assert!(error.to_string().contains("deploy/Dockerfile"), "{error}");
}

#[tokio::test]
async fn a_missing_base_image_says_what_to_do() {
    let engine = TestEngine::start();
    // The registry is a port of this machine on which nothing listens.
    let nowhere = ImageReference::parse("localhost:9/commander-test/none:1").unwrap();
    let request = request(&engine, "missing", &format!("FROM {nowhere}\n"));
    let error = built(&engine, &request, &[]).await.unwrap_err();
    let BuildError::BaseImageMissing { reference, why, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(reference, nowhere.as_str());
    assert_eq!(*why, PullFailure::RegistryUnreachable);
    assert!(error.to_string().contains("docker load"), "{error}");
}

#[tokio::test]
async fn buildkit_builds_what_the_classic_builder_cannot() {
    let engine = TestEngine::start();
    let dockerfile = format!(
        "FROM {} AS one\nRUN --mount=type=cache,target=/cache echo from buildkit\n\
         FROM one\nCOPY --chmod=700 --from=one /test /copied\n",
        engine.base
    );
    let built = built(&engine, &request(&engine, "bk", &dockerfile), &[])
        .await
        .unwrap();
    assert!(
        built.log_tail.iter().any(|line| line == "from buildkit"),
        "{:#?}",
        built.log_tail
    );
    assert_eq!(built.base_images[0].image_id, engine.base_id);
    let image = engine.docker.inspect_image(&built.image_id).await.unwrap();
    assert!(image.is_ours);
}

#[tokio::test]
async fn a_failing_step_of_buildkit_is_a_failed_build() {
    let engine = TestEngine::start();
    let dockerfile = format!(
        "FROM {}\nRUN --mount=type=cache,target=/c echo why; exit 4\n",
        engine.base
    );
    let error = built(&engine, &request(&engine, "bk", &dockerfile), &[])
        .await
        .unwrap_err();
    let BuildError::Failed { log_tail, .. } = &error else {
        panic!("{error}");
    };
    assert!(log_tail.iter().any(|line| line == "why"), "{log_tail:#?}");
}

#[tokio::test]
async fn hc_29_a_cancelled_build_ends_at_once_and_leaves_no_container() {
    let engine = TestEngine::start();
    let dockerfile = format!("FROM {}\nRUN echo begun; sleep 300\n", engine.base);
    let request = request(&engine, "cancelled", &dockerfile);
    let cancel = CancellationToken::new();
    let canceller = cancel.clone();
    let mut sink = move |line: commander::adapters::docker::LogLine| {
        if line.text == "begun" {
            canceller.cancel();
        }
    };
    let context = io::Cursor::new(tar(&[("Dockerfile", dockerfile.as_bytes())]));
    let built = engine
        .docker
        .build(&request, context, &mut sink, &cancel)
        .await;
    assert_eq!(built.unwrap_err(), BuildError::Cancelled);
    no_build_container(&engine).await;
}

#[tokio::test]
async fn a_build_that_takes_too_long_is_stopped() {
    let engine = TestEngine::start();
    let dockerfile = format!("FROM {}\nRUN echo begun; sleep 300\n", engine.base);
    let mut request = request(&engine, "slow", &dockerfile);
    request.time_limit = Duration::from_secs(3);
    let error = built(&engine, &request, &[]).await.unwrap_err();
    let BuildError::TookTooLong { log_tail, .. } = error else {
        panic!("{error}");
    };
    assert!(log_tail.iter().any(|line| line == "begun"), "{log_tail:#?}");
    no_build_container(&engine).await;
}

async fn no_build_container(engine: &TestEngine) {
    let filter = format!(r#"{{"ancestor":["{}"]}}"#, engine.base_id);
    let path = format!("/containers/json?all=1&filters={}", escaped(&filter));
    eventually("the build's container is gone", || async {
        (ask_engine("GET", &path, b"").1.trim() == "[]").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_context_that_cannot_be_read_is_told() {
    struct Broken;
    impl AsyncRead for Broken {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::Error::other("the tree is gone")))
        }
    }
    let engine = TestEngine::start();
    let request = request(&engine, "broken", &format!("FROM {}\n", engine.base));
    let cancel = CancellationToken::new();
    let built = engine
        .docker
        .build(&request, Broken, &mut ignore, &cancel)
        .await;
    let cause = "the tree is gone".to_owned();
    assert_eq!(built.unwrap_err(), BuildError::Context { cause });
}

#[tokio::test]
async fn a_disk_that_is_too_full_stops_the_build_before_it_begins() {
    let engine = TestEngine::start();
    let mut request = request(&engine, "full", &format!("FROM {}\n", engine.base));
    request.free_bytes_needed = u64::MAX;
    request.labels = Labels::default();
    let error = built(&engine, &request, &[]).await.unwrap_err();
    assert!(matches!(error, BuildError::DiskTooFull { .. }), "{error}");
    assert_eq!(
        engine.docker.find_image(&engine.tag("full")).await.unwrap(),
        None
    );
}
