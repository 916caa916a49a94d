"""The Kubernetes manifests: rendered by kustomize, checked against the schemas of Kubernetes and against what we promise of them."""

import copy
import unittest

import kubernetes_validate
import yaml

from repository import DEPLOY, TOOLS, run
from restricted import violations

KUBERNETES = "1.37"
FOLDERS = ("base", "overlays/single-node")
# Types that the cluster's own schemas don't know.
FOREIGN = {"ServiceMonitor"}


def rendered(folder):
    result = run(TOOLS / "kubectl", "kustomize", DEPLOY / "kubernetes" / folder)
    assert result.returncode == 0, result.stdout
    return list(yaml.safe_load_all(result.stdout))


def one(documents, kind, name):
    (found,) = (document for document in documents if document["kind"] == kind and document["metadata"]["name"].startswith(name))
    return found


class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.documents = {folder: rendered(folder) for folder in FOLDERS}
        cls.single = cls.documents["overlays/single-node"]
        cls.pod = one(cls.single, "Deployment", "portcullis")["spec"]["template"]["spec"]
        cls.container = cls.pod["containers"][0]
        cls.settings = one(cls.single, "ConfigMap", "portcullis-settings")["data"]

    def test_every_document_fits_its_schema(self):
        for folder, documents in self.documents.items():
            for document in documents:
                if document["kind"] not in FOREIGN:
                    with self.subTest(folder=folder, kind=document["kind"], name=document["metadata"]["name"]):
                        kubernetes_validate.validate(document, KUBERNETES, strict=True)

    def test_a_misspelled_field_does_not_fit(self):
        broken = copy.deepcopy(one(self.single, "Deployment", "portcullis"))
        broken["spec"]["template"]["spec"]["terminationGracePeriodSecond"] = 60
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(broken, KUBERNETES, strict=True)

    def test_everything_is_in_the_namespace_that_enforces_the_restricted_profile(self):
        for folder, documents in self.documents.items():
            namespace = one(documents, "Namespace", "portcullis")
            self.assertEqual(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted")
            for document in documents:
                if document is not namespace:
                    self.assertEqual(document["metadata"].get("namespace"), "portcullis", (folder, document["kind"]))

    def test_pods_keep_the_restricted_profile(self):
        for documents in self.documents.values():
            self.assertEqual(violations(one(documents, "Deployment", "portcullis")["spec"]["template"]["spec"]), [])

    def test_the_check_of_the_profile_sees_each_breach(self):
        container = ("containers", 0)
        for path, value in [
            (("hostNetwork",), True),
            (("automountServiceAccountToken",), True),
            (("enableServiceLinks",), True),
            (("volumes", 0), {"name": "data", "hostPath": {"path": "/"}}),
            (("securityContext", "runAsUser"), 0),
            (("securityContext", "seccompProfile"), {"type": "Unconfined"}),
            ((*container, "securityContext", "runAsNonRoot"), False),
            ((*container, "securityContext", "allowPrivilegeEscalation"), True),
            ((*container, "securityContext", "privileged"), True),
            ((*container, "securityContext", "readOnlyRootFilesystem"), False),
            ((*container, "securityContext", "capabilities"), {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
            ((*container, "securityContext", "capabilities"), {}),
            ((*container, "resources", "limits"), {"cpu": "1"}),
            ((*container, "ports", 0, "hostPort"), 8443),
            ((*container, "livenessProbe", "httpGet", "host"), "example.com"),
        ]:
            pod = copy.deepcopy(self.pod)
            place = pod
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
            with self.subTest(path=path):
                self.assertEqual(len(violations(pod)), 1, violations(pod))

    def test_probes_ask_the_management_port_that_the_service_listens_on(self):
        ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        self.assertTrue(self.settings["PORTCULLIS_LISTEN"].endswith(f":{ports['https']}"))
        self.assertTrue(self.settings["PORTCULLIS_MANAGEMENT_LISTEN"].endswith(f":{ports['management']}"))
        for probe, path in [("startupProbe", "/startupz"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]:
            self.assertEqual(self.container[probe]["httpGet"], {"path": path, "port": "management"})

    def test_the_pod_gets_the_time_that_the_service_takes_to_end(self):
        grace = int(self.settings["PORTCULLIS_LIMITS__SHUTDOWN_GRACE_SECONDS"])
        drain = int(self.settings["PORTCULLIS_LIMITS__SHUTDOWN_DRAIN_SECONDS"])
        # Requests drain, then background work; five seconds are left for the database and the log.
        self.assertGreaterEqual(self.pod["terminationGracePeriodSeconds"], grace + 2 * drain + 5)
        readiness = self.container["readinessProbe"]
        self.assertGreaterEqual(grace, readiness["periodSeconds"] * readiness["failureThreshold"], "balancers learn too late")

    def test_on_sqlite_there_is_one_writer_and_a_volume(self):
        deployment = one(self.single, "Deployment", "portcullis")["spec"]
        self.assertEqual((deployment["replicas"], deployment["strategy"]), (1, {"type": "Recreate"}))
        volumes = {volume["name"]: volume for volume in self.pod["volumes"]}
        claim = volumes["data"]["persistentVolumeClaim"]["claimName"]
        self.assertEqual(one(self.single, "PersistentVolumeClaim", claim)["spec"]["accessModes"], ["ReadWriteOnce"])
        mounts = {mount["name"]: mount["mountPath"] for mount in self.container["volumeMounts"]}
        # In a folder of its own: the volume's root belongs to root, and the service keeps its folder at mode 0700.
        self.assertTrue(self.settings["PORTCULLIS_DATA_DIR"].startswith(mounts["data"] + "/"))
        self.assertNotIn("PORTCULLIS_DATABASE_URL", self.settings)

    def test_secrets_come_as_files_and_stand_in_no_manifest(self):
        for documents in self.documents.values():
            self.assertNotIn("Secret", {document["kind"] for document in documents})
        self.assertNotIn("PORTCULLIS_MASTER_KEY", self.settings)
        self.assertNotIn("env", self.container)
        mounts = {mount["mountPath"]: mount for mount in self.container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in self.pod["volumes"]}
        for variable in ("PORTCULLIS_MASTER_KEY_FILE", "PORTCULLIS_TLS__CERT_FILE", "PORTCULLIS_TLS__KEY_FILE"):
            mount = mounts[self.settings[variable].rpartition("/")[0]]
            self.assertNotIn("subPath", mount, "a changed secret would never show")
            self.assertEqual(volumes[mount["name"]]["secret"]["defaultMode"], 0o440)

    def test_the_network_is_closed_but_for_what_is_listed(self):
        for documents in self.documents.values():
            deny = one(documents, "NetworkPolicy", "deny-all")["spec"]
            self.assertEqual(deny, {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
            policy = one(documents, "NetworkPolicy", "portcullis")["spec"]
            open_to_all = [port["port"] for rule in policy["ingress"] if "from" not in rule for port in rule["ports"]]
            self.assertEqual(open_to_all, [8443])
            self.assertEqual([port["port"] for rule in policy["egress"] for port in rule["ports"]], [53, 53])
            self.assertTrue(all(rule.get("to") for rule in policy["egress"]))

    def test_selectors_find_the_pod_and_the_monitor_its_service(self):
        for documents in self.documents.values():
            labels = one(documents, "Deployment", "portcullis")["spec"]["template"]["metadata"]["labels"]
            selectors = [document["spec"]["selector"] for document in documents if document["kind"] == "Service"]
            selectors += [one(documents, kind, "portcullis")["spec"]["selector"]["matchLabels"] for kind in ("Deployment", "PodDisruptionBudget")]
            for selector in selectors:
                self.assertLessEqual(selector.items(), labels.items())
        monitor = one(self.single, "ServiceMonitor", "portcullis")["spec"]
        service = one(self.single, "Service", "portcullis-management")
        self.assertLessEqual(monitor["selector"]["matchLabels"].items(), service["metadata"]["labels"].items())
        self.assertEqual(monitor["endpoints"][0]["port"], service["spec"]["ports"][0]["name"])

    def test_no_image_is_taken_by_a_tag_that_moves(self):
        for documents in self.documents.values():
            image = one(documents, "Deployment", "portcullis")["spec"]["template"]["spec"]["containers"][0]["image"]
            self.assertRegex(image, r"(@sha256:[0-9a-f]{64}|:\d+\.\d+\.\d+)$")


if __name__ == "__main__":
    unittest.main()
