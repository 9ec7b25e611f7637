Feature: Protected namespaces are never touched

  @cluster-wide
  Scenario Outline: A pod in <namespace>
    Given a pod "<namespace>/dns"
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "<namespace>/dns"
    And the system works
    Then the pod "<namespace>/dns" was never deleted
    And no agent has read "pods"
    And the action "c1:v1" is "rejected" and says "protected"
    And the destination counts "c1:v1" once, as "rejected"

    Examples:
      | namespace       |
      | kube-system     |
      | kube-public     |
      | kube-node-lease |

  @cluster-wide
  Scenario Outline: Another spelling does not help: <spelling>
    Given a pod "kube-system/dns"
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/dns", but resource.namespace is "<spelling>"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "rejected"

    Examples:
      | spelling            |
      | Kube-System         |
      | KUBE-SYSTEM         |
      | kube-system%2f      |
      | shop/../kube-system |

  Scenario: A namespace that the operator protects
    Given a pod "payments/ledger-0"
    And the agents are set up with:
      | DD_KUBEACTIONS_PROTECTED_NAMESPACES | payments |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "payments/ledger-0"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "rejected" and says "protected"

  @cluster-wide
  Scenario: Reading is refused too
    Given a config map "kube-system/settings" with the value "blue"
    And the leader "replica-1"
    When the config "c1" version 1 orders to read the "ConfigMap" "kube-system/settings"
    And the system works
    Then the action "c1:v1" is "rejected" and says "protected"
    And the destination never received "blue"

  Scenario: The agent's own namespace
    Given a pod "datadog/other"
    And the agents are set up with:
      | POD_NAMESPACE | datadog |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "datadog/other"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "rejected" and says "protected"

  Scenario: The agent's own history cannot be read by an action
    Given the leader "replica-1"
    When the config "c1" version 1 orders to read the "ConfigMap" "default/datadog-kubeactions-state"
    And the system works
    Then the action "c1:v1" is "rejected"
