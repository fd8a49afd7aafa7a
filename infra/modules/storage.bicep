// PRDs, packs, work, packages and, with the azureStorage backend, the state of runs. No keys, no anonymous access.
@minLength(3)
@maxLength(24)
param name string
param location string
param tags object
param firewall bool
param allowedAddresses array
param zoneRedundant bool
param prdRetentionDays int

// prds, designs and runs are named in shared/storage/blobs.py; a test compares.
var containers = ['prds', 'designs', 'runs', 'dead-letters', 'deployments', 'releases']

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS' }
  properties: {
    accessTier: 'Hot'
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      defaultAction: firewall ? 'Deny' : 'Allow'
      // Event Grid writes dead letters as a trusted service, with its system-assigned identity.
      bypass: 'AzureServices'
      ipRules: [for address in allowedAddresses: { value: address, action: 'Allow' }]
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: { enabled: true, days: 30 }
    containerDeleteRetentionPolicy: { enabled: true, days: 30 }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' = [
  for name in containers: {
    parent: blobs
    name: name
    properties: { publicAccess: 'None' }
  }
]

var always = [
  {
    name: 'earlier-versions'
    type: 'Lifecycle'
    enabled: true
    definition: {
      filters: { blobTypes: ['blockBlob'] }
      actions: {
        version: { delete: { daysAfterCreationGreaterThan: 30 } }
        snapshot: { delete: { daysAfterCreationGreaterThan: 30 } }
      }
    }
  }
  {
    // The sweep forgets them after CALL_RETENTION_DAYS; this is for an app that no longer runs.
    name: 'kept-answers'
    type: 'Lifecycle'
    enabled: true
    definition: {
      filters: { blobTypes: ['blockBlob'], prefixMatch: ['runs/calls/'] }
      actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 90 } } }
    }
  }
  {
    name: 'smoke-tests'
    type: 'Lifecycle'
    enabled: true
    definition: {
      filters: { blobTypes: ['blockBlob'], prefixMatch: ['designs/smoke/'] }
      actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } }
    }
  }
  {
    name: 'dead-letters'
    type: 'Lifecycle'
    enabled: true
    definition: {
      filters: { blobTypes: ['blockBlob'], prefixMatch: ['dead-letters/'] }
      actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 90 } } }
    }
  }
]

// A claim must outlive its PRD: a PRD without a claim is one whose event was lost, and the sweep would run it again.
var retention = [
  {
    name: 'prds'
    type: 'Lifecycle'
    enabled: true
    definition: {
      filters: { blobTypes: ['blockBlob'], prefixMatch: ['prds/'] }
      actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: prdRetentionDays } } }
    }
  }
  {
    name: 'work'
    type: 'Lifecycle'
    enabled: true
    definition: {
      filters: { blobTypes: ['blockBlob'], prefixMatch: ['runs/'] }
      actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: prdRetentionDays + 30 } } }
    }
  }
]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-08-01' = {
  parent: account
  name: 'default'
  properties: { policy: { rules: prdRetentionDays > 0 ? concat(always, retention) : always } }
  dependsOn: [blobs]
}

output id string = account.id
output name string = account.name
output blobUrl string = account.properties.primaryEndpoints.blob
