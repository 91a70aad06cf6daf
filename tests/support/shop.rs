//! The service that the tests deploy: one shell script on busybox, and a repository in which each
//! tag behaves in a way of its own. Its traffic is made up inside the container: the script counts
//! requests that nobody sent, so that a test needs no visitors to have figures. Under `/cgi-bin`
//! each version turns bad on command, so that a test need not hit a moment: `sicken` takes its
//! health away, `end?CODE` ends the process then and at every start after it, `eat` eats memory.

// Each test crate uses a part of this.
#![allow(dead_code)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a version does; each field is one line of its `behaviour` file or one of its files.
#[derive(Debug, Clone, Copy)]
pub struct Version {
    pub tag: &'static str,
    /// Shell assignments: `errors` (failed requests a tick, of 20), `traffic=real` (only requests
    /// for `/cgi-bin/buy` count), `dies_after` (seconds), `health=no` or `later`, `starts=once`,
    /// `returns=mute` (after its first start it takes one request and says nothing).
    pub behaviour: &'static str,
    /// Lines of the Dockerfile before the last ones.
    pub build: &'static str,
    /// The image test.
    pub unit: &'static str,
    /// The live test.
    pub smoke: &'static str,
}

const GOOD: Version = Version {
    tag: "",
    behaviour: "",
    build: "",
    unit: "echo all is well",
    smoke: "wget -q -O - http://127.0.0.1:8080/version",
};

const UNHURRIED: Version = Version {
    tag: "",
    behaviour: "trap '' TERM; health=later",
    build: "RUN sleep 2",
    unit: "sleep 2",
    smoke: "sleep 2",
};

/// Each one a commit on `main`, oldest first, with its tag.
pub const VERSIONS: &[Version] = &[
    Version {
        tag: "v1.0.0",
        ..GOOD
    },
    Version {
        tag: "v1.1.0",
        ..GOOD
    },
    Version {
        tag: "v1.2.0",
        ..GOOD
    },
    Version {
        tag: "v1.3.0",
        ..GOOD
    },
    Version {
        tag: "v1.4.0",
        ..GOOD
    },
    // Bad before it goes live.
    Version {
        tag: "nobuild",
        build: "RUN echo no compiler here && false",
        ..GOOD
    },
    Version {
        tag: "failing-tests",
        unit: "echo two and two is five; exit 3",
        ..GOOD
    },
    Version {
        tag: "never-healthy",
        behaviour: "health=no",
        ..GOOD
    },
    Version {
        tag: "dies-at-once",
        behaviour: "dies_after=0",
        ..GOOD
    },
    Version {
        tag: "failing-smoke",
        smoke: "sleep 2; echo the till is shut; exit 4",
        ..GOOD
    },
    // Bad once it is live.
    Version {
        tag: "errors",
        behaviour: "errors=10",
        ..GOOD
    },
    Version {
        tag: "turns-visitors-away",
        behaviour: "errors=10 traffic=real",
        ..GOOD
    },
    Version {
        tag: "crashes",
        behaviour: "dies_after=4",
        ..GOOD
    },
    // Slow, so that something else can happen meanwhile.
    Version {
        tag: "slow-build",
        build: "RUN sleep 30",
        ..GOOD
    },
    Version {
        tag: "slow-tests",
        unit: "sleep 30",
        ..GOOD
    },
    Version {
        tag: "slow-smoke",
        smoke: "sleep 2",
        ..GOOD
    },
    // Takes two seconds for each of its steps, so that each can be met while it runs.
    Version {
        tag: "unhurried-1",
        ..UNHURRIED
    },
    Version {
        tag: "unhurried-2",
        ..UNHURRIED
    },
    Version {
        tag: "unhurried-and-bad",
        behaviour: "trap '' TERM; health=no",
        ..GOOD
    },
    // Does not end when it is asked to.
    Version {
        tag: "stubborn",
        behaviour: "trap '' TERM",
        ..GOOD
    },
    // Serves when it is new, and never again once it was stopped.
    Version {
        tag: "starts-once",
        behaviour: "starts=once",
        ..GOOD
    },
    // Runs again when it is brought back, prints what it is asked, and never answers.
    Version {
        tag: "returns-mute",
        behaviour: "returns=mute",
        ..GOOD
    },
];

const DOCKERFILE: &str =
    "FROM @BASE@\n@BUILD@\nCOPY app /app\nEXPOSE 8080\nCMD [\"/bin/sh\", \"/app/serve.sh\"]\n";

const SERVE: &str = r#"#!/bin/sh
errors=0 traffic=made-up dies_after= health=yes starts=always returns=well
. /app/behaviour
echo "version $(cat /app/version) starts"
if [ $starts = once ] && [ -e /began ]; then echo "cannot start again"; exit 9; fi
if [ $returns = mute ] && [ -e /began ]; then tail -f /dev/null | nc -l -p 8080; fi
if [ -e /doomed ]; then exit "$(cat /doomed)"; fi
touch /began
mkdir -p /www/cgi-bin
cat /app/version > /www/version
printf '%s' "$GREETING" > /www/greeting
rm -f /www/health
case $health in
    yes) echo ok > /www/health ;;
    later) { sleep 2; echo ok > /www/health; } & ;;
esac

# What a request does; the answer is sent first, for the server may not outlive it.
on() {
    {
        echo '#!/bin/sh'
        echo "printf 'Status: $2\r\nContent-Type: text/plain\r\n\r\n$2\n'"
        echo "$3"
    } > "/www/cgi-bin/$1"
    busybox chmod +x "/www/cgi-bin/$1"
}
touch /visits
answer='200 OK'
[ $errors = 0 ] || answer='500 Internal Server Error'
on buy "$answer" 'echo >> /visits'
on sicken '200 OK' 'rm /www/health'
on end '200 OK' 'echo "$QUERY_STRING" > /doomed; kill "$(cat /server)"'
on eat '200 OK' 'exec tail -c 100m /dev/zero'

# Twenty requests a tick, five ticks a second.
figures() {
    well=0 badly=0
    while true; do
        well=$((well + 20 - errors)) badly=$((badly + errors))
        if [ $traffic = real ]; then
            well=0 badly=$(busybox wc -l < /visits)
            [ $errors != 0 ] || well=$badly badly=0
        fi
        {
            echo '# TYPE http_requests_total counter'
            echo "http_requests_total{code=\"200\"} $well"
            [ $errors = 0 ] || echo "http_requests_total{code=\"500\"} $badly"
        } > /tmp/metrics
        busybox mv /tmp/metrics /www/metrics
        sleep 0.2
    done
}
figures &
if [ -n "$dies_after" ]; then
    httpd -p 8080 -h /www
    sleep "$dies_after"
    echo "I cannot go on"
    exit 1
fi
httpd -f -p 8080 -h /www &
echo $! > /server
wait $!
[ ! -e /doomed ] || exit "$(cat /doomed)"
"#;

/// A repository in a directory that belongs to the test.
pub struct Repository {
    pub path: PathBuf,
    base: String,
}

impl Repository {
    /// Makes it with all of [`VERSIONS`]; `base` is the image that each Dockerfile starts from.
    pub fn make(path: PathBuf, base: &str) -> Self {
        let repository = Self {
            path,
            base: base.to_owned(),
        };
        repository.git(&["init", "--quiet", "--initial-branch=main", "."]);
        let mut history = String::new();
        for version in VERSIONS {
            history.push_str(&repository.commit_on("main", version, version.tag));
            history.push_str(&format!(
                "reset refs/tags/{}\nfrom refs/heads/main\n\n",
                version.tag
            ));
        }
        repository.import(&history);
        repository
    }

    /// Puts one more commit on a branch: `version` again, with another content.
    pub fn commit(&self, branch: &str, version: &str, subject: &str) {
        self.import(&self.commit_on(branch, known(version), subject));
    }

    /// Makes a new branch at a tag.
    pub fn branch(&self, branch: &str, at: &str) {
        self.git(&["branch", "--quiet", branch, at]);
    }

    /// Makes a tag name another commit.
    pub fn move_tag(&self, tag: &str, to: &str) {
        self.git(&["tag", "--force", tag, to]);
    }

    pub fn commit_of(&self, name: &str) -> String {
        self.git(&["rev-parse", &format!("{name}^{{commit}}")])
    }

    fn commit_on(&self, branch: &str, version: &Version, subject: &str) -> String {
        let head = format!("refs/heads/{branch}");
        let exists = Command::new("git")
            .args(["rev-parse", "--quiet", "--verify", &head])
            .current_dir(&self.path)
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success();
        let mut commit = format!(
            "commit {head}\ncommitter Mara Lindqvist <mara@shop.example> 1760000000 +0000\n{}",
            data(subject)
        );
        if exists {
            commit.push_str(&format!("from {head}^0\n"));
        }
        let dockerfile = DOCKERFILE
            .replace("@BASE@", &self.base)
            .replace("@BUILD@", version.build);
        let files = [
            ("Dockerfile", dockerfile),
            ("app/serve.sh", SERVE.to_owned()),
            ("app/version", subject.to_owned()),
            ("app/behaviour", version.behaviour.to_owned()),
            ("app/unit.sh", version.unit.to_owned()),
            ("app/smoke.sh", version.smoke.to_owned()),
        ];
        for (path, content) in files {
            commit.push_str(&format!("M 100644 inline {path}\n{}", data(&content)));
        }
        commit + "\n"
    }

    fn import(&self, history: &str) {
        let mut import = Command::new("git")
            .args(["fast-import", "--quiet", "--date-format=raw"])
            .current_dir(&self.path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        import
            .stdin
            .take()
            .unwrap()
            .write_all(history.as_bytes())
            .unwrap();
        assert!(import.wait().unwrap().success());
    }

    fn git(&self, arguments: &[&str]) -> String {
        std::fs::create_dir_all(&self.path).unwrap();
        git(&self.path, arguments)
    }
}

fn known(tag: &str) -> &'static Version {
    VERSIONS.iter().find(|version| version.tag == tag).unwrap()
}

fn data(text: &str) -> String {
    format!("data {}\n{text}\n", text.len())
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let done = Command::new("git")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}
