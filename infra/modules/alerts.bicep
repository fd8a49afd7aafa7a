// What somebody is told about. The queries lie in infra/queries, where tests hold them against Azure Monitor's tables.
param location string
param tags object
param workspaceId string
param topicId string

@description('Empty: alerts show in the portal alone.')
param email string
param dailyCostUsd int

resource receivers 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-design-backend'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'design'
    enabled: true
    emailReceivers: [{ name: 'operators', emailAddress: email, useCommonAlertSchema: true }]
  }
}

var receiverIds = empty(email) ? [] : [receivers.id]

var watches = [
  {
    name: 'runs-failed'
    says: 'A run ended failed or partial.'
    query: loadTextContent('../queries/failed-runs.kql')
    measure: ''
    threshold: 0
    severity: 2
    every: 'PT15M'
    window: 'PT15M'
  }
  {
    name: 'runs-stuck'
    says: 'A run has not been heard of for three hours and has not ended.'
    query: loadTextContent('../queries/stuck-runs.kql')
    measure: ''
    threshold: 0
    severity: 2
    every: 'PT1H'
    window: 'P1D'
  }
  {
    name: 'events-poisoned'
    says: 'A blob event failed five times and was put aside.'
    query: loadTextContent('../queries/poisoned-events.kql')
    measure: ''
    threshold: 0
    severity: 1
    every: 'PT15M'
    window: 'PT15M'
  }
  {
    name: 'events-lost'
    says: 'The sweep found PRDs whose event never came.'
    query: loadTextContent('../queries/lost-events.kql')
    measure: ''
    threshold: 0
    severity: 2
    every: 'PT15M'
    window: 'PT15M'
  }
  {
    name: 'claude-throttled'
    says: 'Claude turned away more than twenty calls in half an hour.'
    query: loadTextContent('../queries/throttling.kql')
    measure: 'TurnedAway'
    threshold: 20
    severity: 3
    every: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'cost-per-day'
    says: 'The calls to Claude of the last 24 hours cost more than planned.'
    query: loadTextContent('../queries/cost.kql')
    measure: 'Usd'
    threshold: dailyCostUsd
    severity: 2
    every: 'PT1H'
    window: 'P1D'
  }
]

resource watch 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for one in watches: {
    name: 'design-${one.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Design backend: ${one.name}'
      description: one.says
      severity: one.severity
      enabled: true
      evaluationFrequency: one.every
      windowSize: one.window
      scopes: [workspaceId]
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: one.query
            timeAggregation: empty(one.measure) ? 'Count' : 'Total'
            metricMeasureColumn: empty(one.measure) ? null : one.measure
            operator: 'GreaterThan'
            threshold: one.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: receiverIds }
    }
  }
]

var deliveryMetrics = ['DeadLetteredCount', 'DroppedEventCount', 'DeliveryAttemptFailCount']

resource delivery 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for metric in deliveryMetrics: {
    name: 'design-${toLower(metric)}'
    location: 'global'
    tags: tags
    properties: {
      description: 'Event Grid could not deliver blob events to the app (${metric}).'
      severity: metric == 'DeliveryAttemptFailCount' ? 3 : 1
      enabled: true
      scopes: [topicId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            name: metric
            criterionType: 'StaticThresholdCriterion'
            metricName: metric
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: metric == 'DeliveryAttemptFailCount' ? 20 : 0
          }
        ]
      }
      actions: [for id in receiverIds: { actionGroupId: id }]
    }
  }
]
