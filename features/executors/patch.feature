@virtual-time @wire-faults @audit-trail @disposable @pods-run @controllers @cluster-wide
Feature: A patch is tried by the API server first, and hands out no rights that the operator has not permitted

  Background:
    Given a deployment "shop/cart" with 1 pods
    And the leader "replica-1"

  Scenario Outline: A label is added by a <strategy> patch
    When the config "c1" version 1 orders to patch the deployment "shop/cart", with:
      | patch_strategy | <strategy> |
      | patch          | <patch>    |
    And the system works
    Then the deployment "shop/cart" was changed once, by "replica-1"
    And the pods of the deployment "shop/cart" carry the label "tier=gold"
    And the action "c1:v1" is "succeeded"

    Examples:
      | strategy        | patch                                                                              |
      | strategic-merge | {"spec":{"template":{"metadata":{"labels":{"tier":"gold"}}}}}                      |
      | merge           | {"spec":{"template":{"metadata":{"labels":{"tier":"gold"}}}}}                      |
      | json            | [{"op":"add","path":"/spec/template/metadata/labels/tier","value":"gold"}]         |

  Scenario Outline: Refused: <what>
    When the config "c1" version 1 orders to patch the deployment "shop/cart", with:
      | patch | <patch> |
    And the system works
    Then the deployment "shop/cart" was never changed
    And the action "c1:v1" is "<status>" and says "<text>"

    Examples:
      | what                  | patch                                                                                              | status   | text                   |
      | a service account     | {"spec":{"template":{"spec":{"serviceAccountName":"admin"}}}}                                      | rejected | patch_service_account  |
      | a path of the host    | {"spec":{"template":{"spec":{"volumes":[{"name":"h","hostPath":{"path":"/"}}]}}}}                  | rejected | patch_host_path        |
      | a privileged one      | {"spec":{"template":{"spec":{"containers":[{"name":"main","securityContext":{"privileged":true}}]}}}} | rejected | patch_privileged    |
      | the host's network    | {"spec":{"template":{"spec":{"hostNetwork":true}}}}                                                | rejected | patch_host_namespaces  |
      | another image         | {"spec":{"template":{"spec":{"containers":[{"name":"main","image":"evil:1"}]}}}}                   | rejected | patch_image            |
      | a finalizer           | {"metadata":{"finalizers":["example.org/held"]}}                                                   | rejected | patch_finalizers       |
      | a secret              | {"spec":{"template":{"spec":{"imagePullSecrets":[{"name":"s"}]}}}}                                 | rejected | patch_secrets          |
      | what is invalid       | {"spec":{"replicas":-1}}                                                                           | failed   | would refuse           |
      | a mistyped field      | {"spec":{"replicaz":3}}                                                                            | failed   | unknown field          |
      | no patch              | {                                                                                                  | rejected | not JSON               |

  Scenario: What the operator permits passes
    Given the agents are set up with:
      | DD_KUBEACTIONS_PERMITS | patch_image |
    And the standby "replica-2"
    And "replica-1" will die just before noting its intent
    When the config "c1" version 1 orders to patch the deployment "shop/cart", with:
      | patch | {"spec":{"template":{"spec":{"containers":[{"name":"main","image":"registry.k8s.io/pause:3.9"}]}}}} |
    And the system works
    Then the deployment "shop/cart" was changed once, by "replica-2"
    And the action "c1:v1" is "succeeded"

  Scenario: A patch that changes nothing is not sent
    When the config "c1" version 1 orders to patch the deployment "shop/cart", with:
      | patch | {"spec":{"replicas":1}} |
    And the system works
    Then the deployment "shop/cart" was never changed
    And the action "c1:v1" is "succeeded" and says "already"
