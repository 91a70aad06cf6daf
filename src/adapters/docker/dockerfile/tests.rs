use super::*;

fn parse(text: &str) -> Dockerfile {
    Dockerfile::parse(text, &BTreeMap::new()).unwrap()
}

fn bases(text: &str, args: &[(&str, &str)]) -> Vec<String> {
    let args = args
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let parsed = Dockerfile::parse(text, &args).unwrap();
    parsed
        .base_images()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn buildkit_lines(text: &str) -> Vec<usize> {
    parse(text)
        .needs_buildkit()
        .iter()
        .map(|n| n.line)
        .collect()
}

#[test]
fn base_images_are_those_of_from_without_scratch_and_stages() {
    let text = "\
FROM --platform=linux/amd64 rust:1.95 AS Build
RUN cargo build
FROM build AS test
FROM scratch
COPY --from=build /app /app
COPY --from=0 /x /x
COPY --from=registry.example.com:5000/certs:1 /etc/ssl /etc/ssl
FROM rust:1.95
";
    assert_eq!(
        bases(text, &[]),
        ["rust:1.95", "registry.example.com:5000/certs:1"]
    );
}

#[test]
fn arguments_before_from_are_put_in() {
    let text = "ARG VERSION=3.20\nARG BASE=alpine:${VERSION}\nFROM ${BASE}\nFROM node:${NODE:-22}";
    assert_eq!(bases(text, &[]), ["alpine:3.20", "node:22"]);
    let text = "ARG VERSION=3.20\nARG NODE\nFROM alpine:$VERSION\nFROM node:${NODE:-22}";
    assert_eq!(
        bases(text, &[("VERSION", "3.21"), ("NODE", "24")]),
        ["alpine:3.21", "node:24"]
    );
}

#[test]
fn an_image_that_cannot_be_told_is_an_error_with_its_line() {
    let no_args = BTreeMap::new();
    let error = Dockerfile::parse("ARG BASE\n\nFROM $BASE\n", &no_args).unwrap_err();
    assert_eq!(error.line, 3);
    assert!(error.message.contains("$BASE"), "{error}");
    assert!(Dockerfile::parse("RUN true", &no_args).is_err());
    assert!(Dockerfile::parse("", &no_args).is_err());
    assert!(Dockerfile::parse("FROM ../etc/passwd", &no_args).is_err());
}

#[test]
fn ports_are_the_tcp_ones_of_the_last_stage() {
    let text = "\
FROM a AS base
EXPOSE 9000
FROM base
ARG EXTRA=7000
ENV PORT=8080 NAME=\"x\"
EXPOSE $PORT 8443/tcp 53/udp ${EXTRA} 7001-7002
EXPOSE 8080
";
    assert_eq!(
        parse(text).exposed_ports(),
        [9000, 8080, 8443, 7000, 7001, 7002]
    );
    assert_eq!(
        parse("FROM a\nEXPOSE 80\nFROM b\n").exposed_ports(),
        [0u16; 0]
    );
}

#[test]
fn lines_that_need_buildkit_are_named_with_a_reason() {
    let text = "\
# syntax=docker/dockerfile:1
FROM alpine
RUN --mount=type=cache,target=/root/.cache \\
    # a comment between
    make
COPY --link --chmod=755 a b
RUN <<EOF
echo FROM nowhere
EOF
RUN echo done
";
    let parsed = parse(text);
    let lines: Vec<usize> = parsed.needs_buildkit().iter().map(|n| n.line).collect();
    assert_eq!(lines, [1, 3, 6, 6, 7]);
    assert_eq!(
        parsed.needs_buildkit()[1].text,
        "RUN --mount=type=cache,target=/root/.cache     make"
    );
    assert_eq!(parsed.base_images().len(), 1);
}

#[test]
fn what_only_looks_like_buildkit_is_left_alone() {
    let text = "\
FROM alpine
# syntax=docker/dockerfile:1
# a comment with --mount
RUN echo $((1<<2)) --mount=x
RUN cat <<<word
CMD [\"--mount\"]
ARG VERSION
COPY --from=0 --chown=1:1 a b
";
    assert_eq!(buildkit_lines(text), [0usize; 0]);
}

#[test]
fn variables_that_buildkit_sets_need_it() {
    let text = "FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETARCH\nRUN true\n";
    assert_eq!(buildkit_lines(text), [1, 2]);
    assert_eq!(bases(text, &[]), ["golang"]);
}

#[test]
fn odd_text_does_no_harm() {
    let odd = "\u{feff}# escape=`\r\nfrom alpine `\r\n  as x\r\nEXPOSE ${ $ ${A:} 99999 1-x\r\n\\";
    assert_eq!(bases(odd, &[]), ["alpine"]);
    let open = "FROM a\nRUN cat <<EOF\nnever closed";
    assert_eq!(buildkit_lines(open), [2]);
    assert_eq!(expand("a$", &BTreeMap::new()), "a$");
    assert_eq!(expand("${A:+x}é$É", &BTreeMap::new()), "é$É");
}
