// The dashboard: runs, cost, findings, and what went wrong. Its queries lie in infra/queries.
param location string
param tags object
param workspaceId string

var charts = [
  { title: 'Runs by day and how they ended', view: 'barchart', query: loadTextContent('../queries/runs.kql') }
  { title: 'Failed and partial runs', view: 'table', query: loadTextContent('../queries/failed-runs.kql') }
  { title: 'Runs that have gone quiet', view: 'table', query: loadTextContent('../queries/stuck-runs.kql') }
  { title: 'Cost in US dollars by day', view: 'barchart', query: loadTextContent('../queries/cost.kql') }
  { title: 'Cost by run', view: 'table', query: loadTextContent('../queries/cost-by-run.kql') }
  { title: 'Agents: time and failures', view: 'table', query: loadTextContent('../queries/agents.kql') }
  { title: 'Findings, before and after revision', view: 'table', query: loadTextContent('../queries/findings.kql') }
  { title: 'Calls that Claude turned away', view: 'timechart', query: loadTextContent('../queries/throttling.kql') }
  { title: 'Events put aside', view: 'table', query: loadTextContent('../queries/poisoned-events.kql') }
  { title: 'Events that never came', view: 'table', query: loadTextContent('../queries/lost-events.kql') }
]

var range = {
  type: 9
  content: {
    version: 'KqlParameterItem/1.0'
    parameters: [
      {
        id: guid(workspaceId, 'range')
        version: 'KqlParameterItem/1.0'
        name: 'Range'
        type: 4
        isRequired: true
        value: { durationMs: 604800000 }
        typeSettings: {
          selectableValues: [{ durationMs: 86400000 }, { durationMs: 604800000 }, { durationMs: 2592000000 }]
        }
      }
    ]
    style: 'pills'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
  }
  name: 'range'
}

var items = [
  for (chart, i) in charts: {
    type: 3
    content: {
      version: 'KqlItem/1.0'
      query: chart.query
      size: 0
      title: chart.title
      timeContextFromParameter: 'Range'
      queryType: 0
      resourceType: 'microsoft.operationalinsights/workspaces'
      visualization: chart.view
    }
    name: 'chart-${i}'
  }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'design-backend')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Design backend'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([range], items)
      fallbackResourceIds: [workspaceId]
    })
  }
}
